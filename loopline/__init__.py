"""Loopline: closed-loop marketing, from the first anonymous visit to the won deal and back."""

from loopline.lib.processor import choose_sorts

__version__ = "0.1.0"

choose_sorts()  # before any part loads numpy
