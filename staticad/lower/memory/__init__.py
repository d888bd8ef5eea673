"""Where values live: the arena, values in place, the order of steps."""
