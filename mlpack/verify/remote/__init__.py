"""A running service as a side of a comparison: what it says of its model, and what it answers, over the wire."""
