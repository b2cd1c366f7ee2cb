"""What tasks leave behind, kept so that a later run need not run them again."""

from jupyter_flows.engine.results.location import LocalResult, Result

__all__ = ["LocalResult", "Result"]
