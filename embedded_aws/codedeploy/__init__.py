"""CodeDeploy for Lambda: deployments that really shift the traffic of an alias.

`api` answers requests, `resources` are its CloudFormation types and `alias_updates` the update
policy that makes a deployment out of a changed alias. A deployment is carried out by `engine`, step
by step on a thread of its own, with the permissions of the deployment group's service role.
"""
