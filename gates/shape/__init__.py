"""Rules about the delivery: what no reviewed change may allow.

They read the synthesized cloud assembly, the scripts that its builds call and cdk.json, never the
Python that made them, which a hostile edit could make to look like anything. What the pipeline
consists of in detail is not repeated here: that is reviewed as a text, `gates/reviewed`.
"""
