"""A requirement that can't be imported is named; nothing is pushed, nothing registered."""


def verify(run):
    assert "broken can't be imported: RuntimeError: out of order" in run.refusal
    assert run.pushed == []
    assert run.versions == []
