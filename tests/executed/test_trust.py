from __future__ import annotations

import json
from dataclasses import replace

import nbformat
import pytest
from nbformat.sign import NotebookNotary

from jupyter_flows.core.place import Place
from jupyter_flows.executed import is_own, sign

NOTEBOOK = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {},
    "cells": [
        {
            "cell_type": "code",
            "id": "a",
            "metadata": {},
            "source": "1",
            "execution_count": 1,
            "outputs": [{"output_type": "display_data", "data": {"text/html": "<b>1</b>"}, "metadata": {}}],
        }
    ],
}


def is_signed(document) -> bool:
    notary = NotebookNotary()
    try:
        return notary.check_signature(nbformat.reads(json.dumps(document), as_version=4))
    finally:
        notary.store.close()


def test_a_signed_notebook_is_trusted():
    """Jupyter's own notary knows the content that was signed, however it is written, and no other."""
    assert not is_signed(NOTEBOOK)
    sign(json.dumps(NOTEBOOK, indent=1))
    assert is_signed(NOTEBOOK)
    changed = json.loads(json.dumps(NOTEBOOK).replace("<b>1</b>", "<b>2</b>"))
    assert not is_signed(changed)


@pytest.fixture
def registry(tmp_path):
    """Give a registry's file of this user's alone."""
    folder = tmp_path / "mine"
    folder.mkdir(mode=0o700)
    file = folder / "registry.sqlite"
    file.touch(mode=0o600)
    return file


def test_ones_own_run_is_own(registry):
    """Registered by this user, on this machine, in a file of theirs."""
    assert is_own(Place.here(), registry)


@pytest.mark.parametrize(("what", "other"), [("user", "mallory"), ("host", "elsewhere.example")])
def test_what_another_registered_is_not(registry, what, other):
    """Another's flow, or one from another machine, is not trusted."""
    assert not is_own(replace(Place.here(), **{what: other}), registry)


@pytest.mark.parametrize("mode", [0o620, 0o602])
@pytest.mark.parametrize("part", ["file", "folder"])
def test_a_registry_that_others_write_to_is_not(registry, mode, part):
    """Where others can write events, nothing in them is one's own."""
    (registry if part == "file" else registry.parent).chmod(mode | 0o100)
    assert not is_own(Place.here(), registry)


def test_a_registry_that_is_not_there_is_not(tmp_path):
    """What can't be looked at is not trusted."""
    assert not is_own(Place.here(), tmp_path / "none")
