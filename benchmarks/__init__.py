"""Benchmarks of staticad against its peers: `python -m benchmarks --help`."""
