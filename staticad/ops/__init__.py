"""Every op of staticad, declared once, one file per family."""
