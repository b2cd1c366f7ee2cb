"""A base that has no Python is refused before anything is built."""


def verify(run):
    assert "has no Python" in run.refusal
    assert run.pushed == []
