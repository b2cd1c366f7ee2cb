"""What looks for one kind of finding each, in the text and the analysis of a notebook's cells."""
