"""A module that lies beside the notebook is in the image."""


def verify(run):
    assert run.state == "Success", run.message
    assert run.output == "hello from helper\n"
