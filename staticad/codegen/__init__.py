"""From kernels to machine code: Python source text, the names it may call, compilation, the object cache."""
