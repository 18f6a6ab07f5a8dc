"""From an event to exactly one outcome of a file's version; ships with both processors."""
