"""Lines that reach homes: coverage under a rule, and its change."""
