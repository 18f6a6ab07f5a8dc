"""CodePipeline behind the real AWS API, for the pipelines that CloudFormation creates here.

`api` answers requests, `resources` is the CloudFormation type; `model` is what a definition says,
`engine` moves executions through it with the `actions`, `state` is what happened, `views` how the
API shows it. `webhooks` says which push starts which pipeline.
"""
