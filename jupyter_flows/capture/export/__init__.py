"""A captured notebook as a Python script of ``@task`` functions."""
