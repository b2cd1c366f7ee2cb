from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_flows.core.events import Event
from jupyter_flows.engine.masking import Masker


def masker(*values):
    made = Masker()
    for value in values:
        made.hide(value)
    return made


TEXTS = {
    "nowhere": ("opensesame", "open it", "open it"),
    "in a text": ("opensesame", "k=opensesame!", "k=***!"),
    "twice": ("opensesame", "opensesame, opensesame", "***, ***"),
    "touching": ("opensesame", "opensesameopensesame", "***"),
    "overlapping itself": ("abab", "xababab", "x***"),
    "as repr writes it": ("a\\b'c", repr("a\\b'c"), '"***"'),
    "as JSON writes it": ('grün"1', '{"k": "gr\\u00fcn\\"1"}', '{"k": "***"}'),
    "as HTML writes it": ("<a&b>", "<td>&lt;a&amp;b&gt;</td>", "<td>***</td>"),
    "in a URL": ("p&ss w/rd", "https://x/?k=p%26ss+w%2Frd", "https://x/?k=***"),
    "in base64": ("opensesame", "Bearer b3BlbnNlc2FtZQ==", "Bearer ***=="),
    "a line of a key": ("-----BEGIN KEY-----\nMIIEabcdef\nxy\n", "line MIIEabcdef, xy", "line ***, xy"),
}


@pytest.mark.parametrize(("value", "text", "masked"), TEXTS.values(), ids=TEXTS.keys())
def test_values_are_hidden_in_texts(value, text, masked):
    """A value is hidden wherever it stands and however it is commonly written."""
    assert masker(value).text(text) == masked


def test_a_longer_value_is_hidden_whole():
    """Of two values of which one begins the other, nothing of the longer is left."""
    assert masker("open", "opensesame").text("opensesame open") == "*** ***"


def test_without_values_nothing_changes():
    """Who has no secrets pays nothing: texts and events come back as they are."""
    event = Event(1, 0.0, "stream", {"task": "a", "name": "stdout", "text": "x"})
    assert (Masker().event(event), Masker().stream("p", "x"), Masker().value(["x"])) == (event, "x", ["x"])
    assert Masker().event(event) is event


@given(st.text("abx", max_size=30), st.lists(st.integers(0, 30), max_size=4))
def test_pieces_of_a_stream_are_as_good_as_the_whole(text, cuts):
    """However a stream is cut into pieces, what is sent in the end is the masked whole."""
    made = masker("abab", "ababba", "xxaa")
    points = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    sent = [made.stream("p", text[a:b]) for a, b in itertools.pairwise(points)]
    assert "".join([*sent, *(end for _, end in made.release())]) == made.text(text)


def test_only_what_may_go_on_is_held():
    """An end that begins no value is sent at once; one that does is kept, by place, until it is asked for."""
    made = masker("opensesame")
    assert made.stream("a", "all is") == "all is"
    assert made.stream("a", " open") == " "
    assert made.stream("b", "sesame") == "sesame"
    assert made.release(lambda place: place == "b") == []
    assert made.release() == [("a", "open")]
    assert made.stream("a", "sesame") == "sesame"


EVENTS = {
    "a stream": ("stream", {"task": "opensesame", "text": "opensesame"}, {"task": "opensesame", "text": "***"}),
    "a message": ("run", {"state": "Failed", "message": "no opensesame"}, {"state": "Failed", "message": "no ***"}),
    "a row": (
        "tasks",
        {"rows": [["opensesame", None, "Failed", 1.0, "KeyError 'opensesame'"]]},
        {"rows": [["opensesame", None, "Failed", 1.0, "KeyError '***'"]]},
    ),
    "a log line": ("log", {"level": "INFO", "message": "opensesame"}, {"level": "INFO", "message": "***"}),
    "a notice": (
        "notice",
        {"message": "k = 'opensesame'", "parameters": {"k": "opensesame"}},
        {"message": "k = '***'", "parameters": {"k": "***"}},
    ),
    "a display": (
        "output",
        {"output": {"data": {"text/html": "<b>opensesame</b>", "image/png": "opensesame", "application/json": ["opensesame"]}}},
        {"output": {"data": {"text/html": "<b>***</b>", "image/png": "opensesame", "application/json": ["***"]}}},
    ),
    "an error": (
        "output",
        {"output": {"ename": "E", "evalue": "opensesame", "traceback": ["a", "E: opensesame"]}},
        {"output": {"ename": "E", "evalue": "***", "traceback": ["a", "E: ***"]}},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "body", "masked"), EVENTS.values(), ids=EVENTS.keys())
def test_events_show_no_value(kind, body, masked):
    """Whatever an event tells people has no value in it; what programs go by is left alone."""
    found = masker("opensesame").event(Event(7, 1.5, kind, body))
    assert (found.seq, found.at, found.kind, found.body) == (7, 1.5, kind, masked)


def test_a_value_across_lines_of_a_traceback_is_hidden():
    """Tracebacks are lists of lines, and a value of several lines is hidden in them."""
    error = {"traceback": ["E: one", "two"]}
    assert masker("one\ntwo").event(Event(1, 0.0, "output", {"output": error})).body["output"] == {
        "traceback": ["E: ***"]
    }
