"""Floats of 16 bits are kept, not computed with: a graph gets float32 in their place before it is rewritten."""
