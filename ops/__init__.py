"""What one does with a delivery and what it delivered, through AWS's APIs: everywhere the same."""
