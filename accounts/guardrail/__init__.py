"""What the owners of prod and of tools deploy there, and no commit to this repository can undo.

The gates run in the pipeline, so the commit that weakens the application can drop the gate with
it. These rules run in CloudFormation itself, in an account whose owner the pipeline is not.
"""
