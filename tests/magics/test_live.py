from __future__ import annotations

import threading

import pytest

from jupyter_flows.core.events import Event
from jupyter_flows.core.state import StateName
from jupyter_flows.magics.live import LiveCard
from jupyter_flows.widgets.progress import TaskProgress
from jupyter_flows.widgets.run_card import RunView


class Handle:
    """Keep what was drawn."""

    def __init__(self):
        self.drawn = []

    def update(self, obj, **kwargs):
        self.drawn.append((obj["text/plain"], kwargs))


class News:
    """Tell a run's story, one chapter a look."""

    def __init__(self, *chapters):
        self.chapters, self.asked, self.closed = list(chapters), [], False
        self.now = (StateName.SCHEDULED, "")

    def state(self):
        if self.chapters:
            self.now, self.events_now = self.chapters.pop(0)
        return self.now

    def events(self, after):
        self.asked.append(after)
        return [event for event in self.events_now if event.seq > after]

    def close(self):
        self.closed = True


def running(seq, **body):
    return Event(seq, 10.0, "run", {"state": "Running", "message": "", **body})


def line(seq, text="hello\n"):
    return Event(seq, 10.0, "stream", {"task": "load", "name": "stdout", "text": text})


def card_of(news, **options):
    view = RunView("sales", run_id=1, tasks=[TaskProgress("load", 2)], clock=lambda: 12.0)
    return LiveCard(view, lambda: news, hint="%flow_cancel 1 stops it", **options)


def test_a_run_is_followed_to_its_end():
    """Each look takes only what is new, and the last drawing is the end, without how to cancel."""
    ended = [running(1), line(2), Event(3, 11.0, "run", {"state": "Success", "message": ""})]
    news = News(((StateName.RUNNING, ""), [running(1)]), ((StateName.SUCCESS, ""), ended))
    handle = Handle()
    card = card_of(news).start(handle)
    assert card.wait(30)
    assert news.asked == [0, 1]
    assert news.closed
    first, last = handle.drawn[0], handle.drawn[-1]
    assert "stops it" in first[0]
    assert last[0].startswith("✓ run 1 · sales · not registered · Success · 1.0 s")
    assert "stops it" not in last[0]
    assert last[1] == {"raw": True}


def test_the_registry_s_end_counts_when_the_run_said_none():
    """A run that was lost has no last event: the registry's state and message end the card."""
    news = News(((StateName.FAILED, "its agent is gone"), [running(1)]))
    card = card_of(news)
    card.look(news)
    assert card.view.finished
    assert card.bundle()["text/plain"].endswith("Failed: its agent is gone")


def test_waiting_states_come_from_the_registry():
    """Before the run says anything, and while it is being cancelled, the registry knows more."""
    news = News(((StateName.SUBMITTED, ""), []), ((StateName.CANCELLING, "cancel asked for"), [running(1)]))
    card = card_of(news)
    assert card.look(news) is True
    assert card.view.state is StateName.SUBMITTED
    card.look(news)
    assert card.view.state is StateName.CANCELLING


def test_nothing_new_is_not_drawn():
    """A waiting run is drawn when its state changes, not ten times a second."""
    news = News(((StateName.SUBMITTED, ""), []))
    card = card_of(news)
    assert [card.look(news), card.look(news)] == [True, False]


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def drawing():
    """Give a card whose run is at work, what it drew, and its clock."""
    clock, handle = Clock(), Handle()
    card = card_of(News(), clock=clock)
    card._handle = handle
    card.view.fold(running(1))
    card.draw()
    return card, handle, clock


def test_durations_are_drawn_once_a_second(drawing):
    """A running card without news is drawn again after a second, for its durations."""
    card, handle, clock = drawing
    for _ in range(25):
        clock.now += 0.1
        card._draw_if_due(changed=False)
    assert len(handle.drawn) == 3


def test_news_is_drawn_at_each_look(drawing):
    """What is new shows within a tenth of a second."""
    card, handle, clock = drawing
    for _ in range(5):
        clock.now += 0.1
        card._draw_if_due(changed=True)
    assert len(handle.drawn) == 6


def test_a_large_card_is_sent_once_a_second(drawing):
    """Images make cards large: they are not sent ten times a second."""
    card, handle, clock = drawing
    image = {"output_type": "display_data", "data": {"image/png": "A" * 100_000}}
    card.view.fold(Event(2, 10.0, "output", {"task": "load", "output": image}))
    card.draw()
    for _ in range(25):
        clock.now += 0.1
        card._draw_if_due(changed=True)
    assert len(handle.drawn) == 4


def test_a_registry_that_fails_is_said_in_the_card():
    """A card that can't follow any more says so instead of standing still."""

    def fail():
        raise OSError("disk is gone")

    view = RunView("sales", run_id=1, clock=lambda: 12.0)
    handle = Handle()
    assert LiveCard(view, fail).start(handle).wait(30)
    assert "this card stopped following: OSError: disk is gone" in handle.drawn[-1][0]


def test_a_stopped_card_follows_no_more():
    """Stopping leaves the card as it is and ends its thread."""
    waiting = threading.Event()

    class Endless(News):
        def state(self):
            waiting.set()
            return StateName.RUNNING, ""

        def events(self, after):
            return []

    card = card_of(Endless()).start(Handle())
    assert waiting.wait(30)
    card.stop()
    assert card.wait(30)
    assert not card.view.finished
