"""Pactgraph: agreements, policies and actors, with every fact traced to the words that say it."""

__version__ = "0.1.0"

__all__ = ["__version__"]
