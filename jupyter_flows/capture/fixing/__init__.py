"""What puts one kind of finding right each, in a notebook's own text, where that can't change what it means."""
