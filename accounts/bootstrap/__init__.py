"""How the three accounts are prepared: our own CDK bootstrap templates, and what generates them.

`tools.template.yaml`, `dev.template.yaml` and `prod.template.yaml` are generated, committed, and
applied by hand by whoever owns the account (`scripts/bootstrap`). The pipeline cannot change what
they grant: that is the point of them.
"""
