"""Runs the synthesized pipeline on this machine, against an embedded AWS with three accounts."""
