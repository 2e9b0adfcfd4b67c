"""Benchmarks: a generator of domain-shaped data, and runs that time the commands, citations and connections on it."""
