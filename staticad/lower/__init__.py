"""From an optimized graph to kernels and a plan: fusion, loop nests, memory."""
