"""Complex numbers become pairs of real ones: a graph is made real before it is rewritten and lowered."""
