"""What a graph is: types, symbolic sizes, nodes, provenance, traversal, printing."""
