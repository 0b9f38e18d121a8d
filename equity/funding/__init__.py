"""What to do about it: scenarios, projects under a budget, sites of access."""
