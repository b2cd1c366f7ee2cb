"""Commands run with the requirements at hand and as root; variables reach the run to the letter."""


def verify(run):
    assert run.state == "Success", run.message
    assert run.output == 'by hand round 5 $HOME "quoted" \\\n'
