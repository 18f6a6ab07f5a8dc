"""Which files guard the delivery, and whether a commit changed one of them.

`patterns` says how the globs of the settings are read, `comparison` compares a tree with what a
deployed pipeline holds (it is written into that pipeline, so it needs nothing of this repository),
`held` makes what the pipeline holds.
"""
