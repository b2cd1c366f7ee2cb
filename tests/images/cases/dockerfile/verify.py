"""A Dockerfile makes the base: its files less what .dockerignore names, its variables; an engine is chosen for it."""


def verify(run):
    assert run.state == "Success", run.message
    assert run.output == "welcome green False\n"
    assert run.user == "1000:0"
