"""Running a plan: the compiled dispatcher (the *machine*), its worker threads, variables and sessions."""
