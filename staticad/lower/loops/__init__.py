"""Loops and branches: bodies as plans of their own, or inside a kernel."""
