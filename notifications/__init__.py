"""What people are told of a delivery: two functions in the tools account, beside the pipeline.

`teller` turns events into messages to a topic, `drift_check` looks once a day for what somebody
changed by hand. `words` has every word that a person reads. They read a pipeline and its stacks
through `ops/`, as people at a terminal do.
"""
