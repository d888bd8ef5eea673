"""The front: functions with NumPy's names, operators and methods, all of them composites of ops."""
