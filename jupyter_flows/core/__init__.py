"""The model: tasks, flows, states, events and bundles, on the standard library and cloudpickle."""
