"""What cells leave behind, kept so that a later run of the flow need not run them again."""
