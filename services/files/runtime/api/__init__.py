"""The API of the file service."""
