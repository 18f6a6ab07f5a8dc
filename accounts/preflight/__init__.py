"""What would fail in a first deployment, said before it: `scripts/preflight`.

Only reads. Each check is one function that says what it found and which permissions it needs.
"""
