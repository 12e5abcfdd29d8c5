"""Figures: arrays in, a matplotlib Figure out. The only place that imports matplotlib."""
