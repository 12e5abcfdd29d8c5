"""Faces in ordinary photographs: finding them, and what the networks say about them as a table."""
