"""Care within reach: travel, catchments in person and virtual."""
