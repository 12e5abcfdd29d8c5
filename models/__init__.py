"""The networks, one file each, and their shipped weights."""
