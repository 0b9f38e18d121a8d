"""Roads: an OpenStreetMap extract becomes a graph that travel can be measured on."""
