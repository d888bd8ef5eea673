"""Runs compiled plans: variables, the machine, sessions."""
