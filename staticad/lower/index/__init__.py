"""Index algebra: affine expressions of loop indices, ranges of integers, sizes."""
