"""Rewrites of graphs: rules that keep values, made fast, small and numerically stable, and the passes that apply them."""
