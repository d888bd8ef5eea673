"""Stress programs: thousands of seeded random checks a minute, for as long as one likes (`python -m tests.stress`)."""
