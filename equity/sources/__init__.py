"""Publishers' bytes in, validated tables out. ``read_*`` parses, ``get_*`` fetches."""
