"""The hook of deployments: asks the version that a deployment is about, and says what it is worth.

One function for all of a service's deployments and for both of their hooks. It ships as a Lambda
asset of its own.
"""
