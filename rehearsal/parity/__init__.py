"""How far the embedded AWS is from AWS, as recorded: `scripts/parity`.

A recording holds what a delivery through the pipeline showed (actions, smoke checks) and the form
of AWS's answers about it, never a value of them: it can be committed. Made at AWS, it is what the
embedded AWS is compared with.
"""
