"""The code of the file service that ships in its Lambda functions."""
