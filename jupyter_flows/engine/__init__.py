"""The engine: runs a flow, in this process or in one of its own, and reports what happens."""
