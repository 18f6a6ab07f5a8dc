"""What prod's owner deploys into prod so that no commit to this repository can undo it.

The gates run in the pipeline, so the commit that weakens the application can drop the gate with
it. These rules run in CloudFormation itself, in an account whose owner the pipeline is not.
"""
