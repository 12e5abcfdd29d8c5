"""Attribution, activation maximisation and metrics: arrays in, arrays out."""
