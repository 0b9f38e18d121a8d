"""Places of care, clinicians and shortage designations."""
