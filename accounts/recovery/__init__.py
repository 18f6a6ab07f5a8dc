"""The way back from a first deployment that failed: `scripts/recover`.

It removes what the creation of one stack left, and only that. What was ever complete it refuses to
touch, and so it refuses whatever holds an item or an object.
"""
