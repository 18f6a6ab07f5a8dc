"""Runs the synthesized pipeline on this machine, against an embedded AWS with its accounts."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
"""What is rehearsed: the working tree that this code is in."""
