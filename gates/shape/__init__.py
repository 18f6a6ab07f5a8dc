"""Rules about the shape of the delivery pipeline, over what would be deployed.

They read the synthesized cloud assembly, the scripts that its builds call and cdk.json: never the
Python that made them, which a hostile edit could make to look like anything. Wherever possible a
rule lists what may be there and reports the rest, so that a trick nobody thought of is reported
too.

`RULES` in `rules.py` is the list. `delivery.py` reads, the other modules judge.
"""
