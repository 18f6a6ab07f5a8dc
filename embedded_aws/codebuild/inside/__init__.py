"""What runs beside a build's commands, in the build's own sandbox: the standard library alone.

Whatever reads files that a build made runs here, so that a link in them leads nowhere that the
build could not have gone itself.
"""
