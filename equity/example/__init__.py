"""A synthetic state, written in the publishers' own formats."""
