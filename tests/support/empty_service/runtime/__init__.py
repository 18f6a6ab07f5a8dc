"""The empty service's function."""
