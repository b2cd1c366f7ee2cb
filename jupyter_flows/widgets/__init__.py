"""What a run, a graph and a form look like under a cell; models and rendering first, ipywidgets only in `config`."""
