"""Derivatives as graph transformations: reverse mode, forward mode, and what is built from the two."""
