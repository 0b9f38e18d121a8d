"""Files of any origin, one door each: write, lock, open a zip, read a table of text."""
