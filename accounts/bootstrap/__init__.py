"""How the accounts are prepared: our own CDK bootstrap templates, and what generates them.

`tools.template.yaml` is for the pipeline's account, `environment.template.yaml` for that of every
environment. They are generated, committed, and applied by hand by whoever owns the account
(`scripts/bootstrap`). The pipeline cannot change what they grant: that is the point of them.
"""
