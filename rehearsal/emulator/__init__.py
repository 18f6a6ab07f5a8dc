"""The embedded AWS: runs in the emulator's own interpreter, as `python rehearsal/emulator`.

Nothing outside this package imports it, except tests of its pure parts. Of the project it imports
only `rehearsal.world`, `.machine` (with `.errors`) and `.processes`, which use the standard library
alone.
"""
