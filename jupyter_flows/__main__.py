"""``python -m jupyter_flows`` is ``jupyter flows``."""

from jupyter_flows.cli import main

if __name__ == "__main__":
    main()
