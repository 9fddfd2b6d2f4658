"""aigov: governance of AI use cases, judged from manifests by policies."""

__version__ = "0.1.0"
DISTRIBUTION = "aigov-gate"
"""Tells this package from PyPI's `aigov`, which is another project."""
