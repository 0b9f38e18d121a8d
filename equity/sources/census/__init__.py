"""The Census Bureau's files and API."""
