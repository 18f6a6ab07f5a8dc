"""Shared by the Lambda functions of all services; ships with each of them."""
