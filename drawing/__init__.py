"""Drawn faces: a data set without photographs, whose expressions and facial parts are known exactly."""
