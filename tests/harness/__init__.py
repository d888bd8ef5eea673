"""Tools shared by tests: input arrays, cases for every op, comparison, random graphs."""
