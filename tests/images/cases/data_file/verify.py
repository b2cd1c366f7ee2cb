"""A folder that was asked for is in the image, less what its .dockerignore names."""


def verify(run):
    assert run.state == "Success", run.message
    assert run.output == "42 False\n"
