"""The recipes and everything that turns faces into a run folder with trained weights."""
