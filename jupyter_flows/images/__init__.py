"""Container images: what goes into one, how it is built, pushed and pulled. Knows nothing of flows."""
