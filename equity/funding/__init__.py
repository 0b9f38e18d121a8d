"""What a grant pays for: program tests, scenarios and projects under a budget."""
