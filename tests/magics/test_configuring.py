from __future__ import annotations

import json

import pytest

from jupyter_flows.magics import loaded
from jupyter_flows.magics.configuring import FormModel
from jupyter_flows.registry import open_registry
from tests.command_line import flows_json
from tests.magics.speaking import save

FLOW = ["%flow sales --project shop", "%%task load\nx = 1"]


def test_the_defaults_are_shown(talk):
    """--text says what is chosen, without a form."""
    assert talk("%flow_config --text").splitlines() == [
        "storage Local() · environment RemoteEnvironment · executor LocalExecutor · no labels",
        "These are the defaults.",
    ]


def test_choices_hold_and_say_how_to_keep_them(talk, tmp_path):
    """Options set what the next registration uses, and the metadata that keeps it is shown."""
    talk(*FLOW)
    shown = talk(f"%flow_config --environment LocalEnvironment --label gpu directory={tmp_path / 'kept'}").splitlines()
    assert shown[0].endswith(" · environment LocalEnvironment · executor LocalExecutor · labels gpu")
    assert shown[1] == "This holds in this kernel. To keep it, put this into the notebook's metadata:"
    assert " · Local · labels gpu · " in talk("%flow_register")
    with open_registry() as registry:
        version = registry.flows.get("shop", "sales")
    assert version.labels == ("gpu",)
    assert version.artifact.uri.startswith((tmp_path / "kept").as_uri())


@pytest.mark.timeout(180)
def test_the_metadata_shown_give_the_command_line_the_same_flow(talk, tmp_path):
    """What is pasted into the notebook's metadata gives the digest that the kernel registered."""
    talk(*FLOW)
    shown = talk("%flow_config --environment LocalEnvironment --executor LocalExecutor --label gpu").splitlines()
    talk("%flow_register")
    path = tmp_path / "other.ipynb"
    save(path, FLOW)
    document = json.loads(path.read_text())
    document["metadata"] |= json.loads(shown[2])
    path.write_text(json.dumps(document))
    with open_registry() as registry:
        here = registry.flows.get("shop", "sales")
    assert flows_json("register", "other.ipynb", cwd=tmp_path)["digest"] == here.digest
    assert (
        talk("%flow --notebook other.ipynb\n%flow_config --text").splitlines()[-1]
        == "The notebook's metadata say so too."
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--storage cupboard", "There is no storage 'cupboard'"),
        ("--storage memory", "Memory storage is gone with this kernel"),
        ("colour=red", "Local storage takes no 'colour'; it takes 'directory'."),
        ("--environment Nowhere", "'Nowhere'"),
        ("--environment os.path", "os.path"),
        ("--environment {3}", "gives 3, which is no environment"),
        ("--environment {nope}", "NameError"),
        ("--executor Magic", "'Magic'"),
        ("--label ' '", "A label is a name of at least one character"),
        ("--label gpu --storage cupboard", "cupboard"),
    ],
)
def test_what_can_t_be_chosen_changes_nothing(talk, options, message):
    """A wrong choice is one line, and what was chosen before stays."""
    talk(*FLOW)
    shown = talk.refused(f"%flow_config {options}")
    assert message in shown
    assert shown.count("\n") == 0
    assert talk("%flow_config --text").splitlines()[1] == "These are the defaults."


def test_labels_can_be_taken_back(talk):
    """--no-labels leaves none."""
    talk(*FLOW, "%flow_config --label gpu")
    assert talk("%flow_config --no-labels").splitlines()[0].endswith("no labels")


def test_callbacks_stay_through_other_choices(talk):
    """Another executor keeps the callbacks; metadata can't hold them, which is said."""
    talk(
        *FLOW,
        "from jupyter_flows.environments import LocalEnvironment\ndef hello():\n    print('hello')",
        "%flow_config --environment {LocalEnvironment(on_start=hello)}",
    )
    shown = talk("%flow_config --executor jupyter_flows.engine.executors.LocalExecutor").splitlines()
    assert shown[0].endswith("no labels · on_start")
    assert shown[-1] == "on_start and on_exit are functions of this kernel, which metadata can't hold."


class TestForm:
    @pytest.fixture
    def form(self, talk):
        from jupyter_flows.widgets.config import ConfigForm

        talk(*FLOW)
        return ConfigForm(FormModel(loaded(talk.shell).session))

    def test_it_starts_with_what_is_chosen(self, form):
        """Fields hold the present choices, and only what this version has is offered."""
        assert (form.storage.value, form.environment.value, form.executor.value, form.labels.value) == (
            "Local",
            "RemoteEnvironment",
            "LocalExecutor",
            "",
        )
        assert form.storage.options == ("Docker", "Local")
        assert form.environment.options == ("LocalEnvironment", "RemoteDaskEnvironment", "RemoteEnvironment")
        assert [field.description for field in form.options.children] == ["directory"]

    def test_its_button_chooses(self, form, talk, tmp_path):
        """What the fields say holds for the next registration."""
        form.environment.value = "LocalEnvironment"
        form.labels.value = "gpu, dev"
        form.options.children[0].value = str(tmp_path / "kept")
        form.button.click()
        assert "labels dev, gpu" in form.told.value
        assert "metadata" in form.told.value
        assert " · labels dev, gpu · " in talk("%flow_register")
        assert (tmp_path / "kept").is_dir()

    def test_a_mistake_is_said_in_the_form(self, form, talk):
        """What can't be chosen is told under the button, escaped, and changes nothing."""
        form.executor.value = "<b>nowhere</b>"
        form.button.click()
        assert "&lt;b&gt;nowhere" in form.told.value
        assert talk("%flow_config --text").splitlines()[1] == "These are the defaults."

    def test_choosing_again_takes_labels_back(self, form, talk):
        """Labels that are cleared in the form are gone."""
        form.labels.value = "gpu"
        form.button.click()
        form.labels.value = ""
        form.button.click()
        assert talk("%flow_config --text").splitlines()[0].endswith("no labels")


def test_without_options_the_form_is_shown(talk):
    """%flow_config displays the form."""
    talk(*FLOW)
    assert "VBox(children=(Dropdown(" in talk("%flow_config")
