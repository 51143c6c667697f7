"""What a saved notebook keeps of a run."""

from __future__ import annotations

from html.parser import HTMLParser
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import pytest

from opea_nb.backends import loop
from opea_nb.backends.runstate import RunState
from opea_nb.notebook.bodies import shorten
from opea_nb.notebook.run_shown import RunShown
from opea_nb.notebook.run_static import bundle

XSS = [
    "<script>window.hit=1</script>",
    "<img src=x onerror=window.hit=1>",
    '"><svg onload=window.hit=1>',
    "'-alert(1)-'",
    "</pre></details><iframe src=javascript:alert(1)>",
    "<!-- -->]]>&lt;",
]


class Tags(HTMLParser):
    """Every tag and attribute that a browser would make."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}


def final(stub_run: ModuleType, question: str = "Why?", **script: Any) -> dict[str, str]:
    last = RunState()

    def keep(state: RunState) -> None:
        nonlocal last
        last = state

    answer = loop.run(stub_run.asking(**script)(keep))
    return bundle(RunShown(question, stub_run.chatqna()).shown(last), answer.text)


@pytest.mark.parametrize("text", XSS)
def test_hostile_text_stays_text(stub_run: ModuleType, text: str) -> None:
    made = final(stub_run, text, text=text, steps=("embedding", text))
    tags = Tags()
    tags.feed(made["text/html"])
    assert not tags.seen & {"script", "img", "iframe"}
    assert not {a for a in tags.attributes if a.startswith("on")}
    ElementTree.fromstring(made["image/svg+xml"])


def test_the_picture_and_the_text_are_the_same_for_each_run_that_goes_the_same_way(stub_run: ModuleType) -> None:
    one, other = final(stub_run), final(stub_run, pace=0.02)
    assert one["image/svg+xml"] == other["image/svg+xml"]
    assert one["text/plain"] == other["text/plain"]


def test_the_page_needs_nothing_from_elsewhere(stub_run: ModuleType) -> None:
    html = final(stub_run)["text/html"]
    for reference in ("url(", "@import", "<link", "src=", "href="):
        assert reference not in html


def test_long_vectors_are_cut_but_say_how_long_they_were(stub_run: ModuleType) -> None:
    html = final(stub_run)["text/html"]
    assert "… 248 more numbers" in html
    assert len(html) < 40_000


def test_shortening_leaves_short_things_alone() -> None:
    body = {"messages": [{"role": "user", "content": "hi"}], "k": 4, "scores": [0.1, 0.2], "none": None, "on": True}
    assert shorten(body) == body
