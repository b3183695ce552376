"""Training Monitor: watches managed AI-training platforms and tells people what happened."""

__version__ = "0.1.0"
