"""Far from home: functions called in other processes, and what these report."""
