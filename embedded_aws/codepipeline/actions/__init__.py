"""What performs actions: one module a provider."""
