"""Flows in images, built, pushed, pulled and run: a directory a case, each with its ``verify``.

``notebook.py`` is the flow, ``options.json`` says who builds it (null leaves the choice open) and with which storage
options: ``{here}`` is the case's folder, ``{base}`` an image of the running interpreter, ``{shell}`` one without.
"""

import json
import shutil
from contextlib import closing, suppress
from dataclasses import dataclass, field
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import requests
from docker.errors import ImageNotFound

from jupyter_flows.agent.docker import DockerAgent
from jupyter_flows.cli.captured import read
from jupyter_flows.environments.storage import Docker
from jupyter_flows.errors import FlowsError
from jupyter_flows.registry import open_registry
from tests.images.engine import BASE, SHELL
from tests.images.wheels import make_wheel

CASES = Path(__file__).parent / "cases"
pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]


@dataclass
class Run:
    """What became of a case; what does not apply is empty."""

    #: Why the image was not built.
    refusal: str = field(default="")
    state: str = ""
    message: str = ""
    #: What all tasks printed.
    output: str = ""
    tasks: tuple[str, ...] | list[str] = ()
    #: Whom the image's programs run as.
    user: str = ""
    #: Tags in the case's group of the image registry.
    pushed: tuple[str, ...] | list[str] = ()
    #: Flows in the registry.
    versions: tuple[str, ...] | list[str] = ()


def options_of(case):
    """Read a case's options."""
    return json.loads((CASES / case / "options.json").read_text())


def all_cases():
    """Yield each case with each of its builders."""
    for folder in sorted(path.name for path in CASES.iterdir() if path.is_dir()):
        for builder in options_of(folder)["builders"]:
            yield pytest.param(folder, builder, id=f"{folder}-{builder or 'chosen'}")


@pytest.fixture(scope="module")
def pushed_bases(docker_engine, shared_registry):
    """Push the engine's bases to the image registry, from where builders without an engine take them."""
    bases = {}
    with closing(docker_engine.client()) as client:
        for name, tag in (("base", BASE), ("shell", SHELL)):
            bases[name] = f"{shared_registry.url}/bases/{name}:1"
            client.images.get(tag).tag(bases[name])
            client.images.push(bases[name])
    return bases


def filled(value, words):
    """Put words for the names in braces into all texts of a JSON value."""
    text = json.dumps(value)
    for name, word in words.items():
        text = text.replace(f"{{{name}}}", word)
    return json.loads(text)


def tags_in(group):
    """Return the images in a group of an image registry."""
    host, _, path = group.partition("/")
    names = requests.get(f"http://{host}/v2/_catalog", timeout=30).json()["repositories"]
    return [name for name in names if name.startswith(f"{path}/")]


def output_of(registry, run):
    """Return what a run's tasks printed."""
    return "".join(e.body["text"] for e in registry.runs.events(run.id, kinds=["stream"]))


def carried_out(flow, client, registry):
    """Register a flow, remove its image here, and have an agent run it."""
    version = flow.register("cases") and registry.flows.get("cases", flow.name)
    name = version.artifact.uri.removeprefix("docker://").rpartition("@")[0].rpartition(":")[0]
    by_digest = f"{name}@{version.artifact.digest}"
    with suppress(ImageNotFound):
        # Where an engine built it, it would not be pulled.
        client.images.remove(client.images.get(by_digest).id, force=True)
    run = DockerAgent().run_one(registry.runs.create(version).id)
    image = client.images.get(by_digest)
    return Run(
        state=run.state.value,
        message=run.message,
        output=output_of(registry, run),
        tasks=[task.task for task in registry.runs.tasks(run.id)],
        user=image.attrs["Config"]["User"],
    )


@pytest.fixture
def wheels(engine, image_cache):
    """Offer, besides what every image needs, a wheel that works and one that does not."""
    folder = image_cache.parent / "index"
    make_wheel(folder, "greeting", "2.0")
    make_wheel(folder, "broken", files={"broken/__init__.py": b"raise RuntimeError('out of order')\n"})


@pytest.mark.usefixtures("wheels")
@pytest.mark.parametrize(("case", "builder"), list(all_cases()))
def test_case(*, case, builder, engine, pushed_bases, group, tmp_path):
    """A flow is built into an image as its options say, and runs from there; or is refused, with nothing done."""
    here = shutil.copytree(CASES / case, tmp_path / case)
    options = {"base_image": "{base}", **options_of(case).get("storage", {}), "builder": builder}
    flow = read(here / "notebook.py").flow
    flow.storage = Docker(group, **filled(options, {**pushed_bases, "here": str(here)}))
    with open_registry() as registry, closing(engine.client()) as client:
        try:
            made = carried_out(flow, client, registry)
        except FlowsError as error:
            made = Run(refusal=str(error))
        made.pushed = tags_in(group)
        made.versions = [version.flow for version in registry.flows.list()]
    print(made)
    spec = spec_from_file_location("verify", here / "verify.py")
    verify = module_from_spec(spec)
    spec.loader.exec_module(verify)
    verify.verify(made)
