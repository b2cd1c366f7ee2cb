"""Agents: they claim the runs whose labels they take, launch each in a process of its own, and watch it."""
