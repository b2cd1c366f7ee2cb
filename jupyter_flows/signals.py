"""What a task raises to say what state it ends in: ``raise signals.SKIP("no new orders")``."""

from jupyter_flows.core.signals import FAIL, PAUSE, RETRY, SKIP, SUCCESS, TRIGGERFAIL, Signal

__all__ = ["FAIL", "PAUSE", "RETRY", "SKIP", "SUCCESS", "TRIGGERFAIL", "Signal"]
