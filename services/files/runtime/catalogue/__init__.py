"""What the file service knows of every file; ships with each of its functions."""
