"""What ships in the request service's Lambda function."""
