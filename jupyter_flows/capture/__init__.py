"""From cells to a flow, without running them."""
