"""Faces in ordinary photographs: finding them, and the networks' predictions for them as a table."""
