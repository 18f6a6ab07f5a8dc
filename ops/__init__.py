"""What one does with a delivery through AWS's APIs, the same at AWS and in a rehearsal."""
