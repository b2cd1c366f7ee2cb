"""One module a group of commands; each imports its rooms when it runs."""
