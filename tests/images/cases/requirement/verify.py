"""A requirement that the storage adds is installed at its version, in the image's environment."""


def verify(run):
    assert run.state == "Success", run.message
    version, path = run.output.split()
    assert version == "2.0"
    assert path.startswith("/opt/flow/lib/python")
