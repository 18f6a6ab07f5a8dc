"""How fast the services' functions are, measured against what they grew from."""
