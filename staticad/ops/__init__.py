"""The ops, one file a family, each op declared once. `staticad.ops.catalogue` lists them."""
