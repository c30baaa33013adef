"""Loopline: closed-loop marketing, from the first anonymous visit to the won deal and back."""

__version__ = "0.1.0"
