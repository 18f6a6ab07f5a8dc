"""The embedded AWS: runs in the emulator's own interpreter, as `python embedded_aws`.

`installation`, `host` and `processes` are read by both interpreters and use the standard library
alone; everything else needs the emulator's own.
"""
