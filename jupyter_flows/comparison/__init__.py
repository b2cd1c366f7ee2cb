"""A notebook as a flow, held against the same notebook run top to bottom in a kernel."""
