"""Figures: arrays in, a matplotlib Figure out. The only place that imports matplotlib.

Public functions return a Figure of their own; private ones draw one panel on the `ax` that they are given.
"""
