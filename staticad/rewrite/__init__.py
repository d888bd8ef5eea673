"""Rewrites of graphs: rules that keep values and make the graph small, fast and numerically stable."""
