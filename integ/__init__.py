"""Smoke tests that run against a deployed environment, between the stages of the pipeline.

They know the system as a caller does: by its address, its contract and a role that may invoke it.
Nothing here imports `pipeline/`, `stages/` or `services/`.
"""
