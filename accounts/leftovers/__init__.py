"""What is left of us in an account after a removal: `scripts/leftovers`, docs/removal.md."""
