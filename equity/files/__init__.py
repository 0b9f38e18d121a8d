"""Files of any origin, one door each: zips, text tables, locks."""
