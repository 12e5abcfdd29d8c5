"""What networks do, in numbers and figures: metrics, attribution, activation maximisation."""
