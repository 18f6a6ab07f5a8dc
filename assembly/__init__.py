"""The one reader of what was synthesized; it never imports the code that made it.

- `templates.py` reads a cloud assembly: stacks, nested stacks, templates, resources.
- `pipeline.py` reads the pipeline in it: stages, actions, builds with their buildspecs.
- `assets.py` reads what is published: files, where they go, the folders functions are made from.
- `references.py` says what a reference means, across nested stacks.
- `resolved.py` decides a template's values, as far as a synthesis knows them.
- `text.py` makes CloudFormation's expressions comparable and readable.
- `intended.py` says what the settings ask for, in the terms of the above.

Cloud assembly: AWS CDK, `cloud-assembly-schema`.
"""
