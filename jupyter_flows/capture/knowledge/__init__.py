"""Tables of what well-known libraries do to what they are given; data only."""
