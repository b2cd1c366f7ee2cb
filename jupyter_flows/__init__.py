"""Notebook cells as flows that run every night."""

__version__ = "0.1.0"
