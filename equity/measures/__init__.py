"""Table and inputs in, new columns out."""
