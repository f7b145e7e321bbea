"""Arrays to figures: ranking, factors, steering, statistics."""
