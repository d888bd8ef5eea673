"""From clusters to the statements of kernels."""
