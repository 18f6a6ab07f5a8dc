"""Tools of others: each module turns one tool's output into findings, and runs none of our code."""
