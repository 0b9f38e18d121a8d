"""A study file, one run of it, and its result."""
