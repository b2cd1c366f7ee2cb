"""The same flow gives the same result, whoever built its image."""


def verify(run):
    assert run.state == "Success", run.message
    assert run.output == "total is 45\n"
    assert run.tasks == ["load", "total", "show"]
    assert run.user == "1000:0"
