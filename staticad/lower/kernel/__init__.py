"""What lowering makes: the language of kernels, and plans of steps over buffers."""
