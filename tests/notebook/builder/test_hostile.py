"""Whatever the content, the builder's widgets show it as text: no element and no handler that is not ours."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from xml.etree import ElementTree

import ipywidgets as w
import pytest

from opea_nb.errors import OpeaError
from opea_nb.notebook.builder import Builder
from opea_nb.notebook.builder.conversation import Said, plain
from opea_nb.notebook.builder.static import drawing
from opea_nb.notebook.run_shown import RunShown
from opea_nb.pipeline import Pipeline
from tests.notebook.builder.panels import inside
from tests.notebook.hostile import NAMES, TEXTS, TRACE

_TEXT = ("a", "b", "br", "code", "dd", "div", "dl", "dt", "em", "h3", "h4", "hr", "i", "img", "li", "ol", "p", "pre")
_REST = ("button", "details", "option", "s", "section", "small", "span", "strong", "sub", "summary", "sup", "u", "ul")
_TABLE = ("caption", "table", "tbody", "td", "th", "thead", "tr")
_SAFE = frozenset((*_TEXT, *_REST, *_TABLE))


class Marks(HTMLParser):
    """Elements and attributes of a piece of markup that could do something."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.bad: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _SAFE:
            self.bad.append(tag)
        for name, value in attrs:
            if name.startswith("on") or TRACE in name or name in ("srcdoc", "style", "autofocus"):
                self.bad.append(f"{tag} {name}")
            if name in ("src", "href") and not re.match(r"data:image/svg\+xml|#", value or ""):
                self.bad.append(f"{tag} {name}={value}")


def bad(widgets: Iterator[w.Widget]) -> list[str]:
    """What is wrong in the markup of widgets, tooltips of options and titles excepted: those are text to a page."""
    return [f"{mark} in {x.value[:200]}" for x in widgets if isinstance(x, w.HTML) for mark in Marks(x.value).bad]


def tried(*acts: Callable[[], object]) -> None:
    """Do all that is allowed."""
    for act in acts:
        try:
            act()
        except OpeaError:
            continue


def everywhere(builder: Builder) -> list[str]:
    """What is wrong in any panel, with each card selected in turn and each tab opened."""
    found = []
    for tab in range(len(builder._tabs.widget.children)):
        builder._tabs.widget.selected_index = tab
        for name in ("", *builder.pipeline.graph):
            builder._session.select(*([name] if name else []))
            found += bad(inside(builder.widget))
    builder._session.select(*builder.pipeline.graph)
    return found + bad(inside(builder.widget))


def test_the_check_itself_finds_what_the_texts_would_do() -> None:
    places = ("<p>{}</p>", '<p title="{}"></p>', "<p title='{}'></p>")
    found = [text for text in TEXTS if any(Marks(place.format(text)).bad for place in places)]
    assert len(found) > 15
    assert all(f"on{what}" in "".join(found) for what in ("error", "load", "mouseover", "focus", "toggle"))


@pytest.mark.parametrize("text", TEXTS)
def test_parameters_notes_groups_and_messages(text: str) -> None:
    pipeline = Pipeline("chat")
    pipeline.add("embedding") >> pipeline.add("llm")
    pipeline.add("service", "own", endpoint="/x", parameters={"prompt": text})
    builder = Builder(pipeline)
    tried(
        lambda: pipeline.note(text),
        lambda: pipeline.group(text, ["embedding", "llm"]),
        lambda: pipeline.fold(text),
        lambda: pipeline.update("llm", environment={"PROMPT": text}),
        lambda: pipeline.update("llm", environment={text: "x"}),
        lambda: pipeline.update("llm", image=text),
        lambda: pipeline.update("llm", url=f"http://h/{text}"),
        lambda: pipeline.update("own", parameters={text: text}),
        lambda: pipeline.add_flow(text, endpoint=text),
    )
    builder._session.mark({"llm": "failed"}, {"llm": text}, {"llm": text})
    builder._session.act(lambda: pipeline.add("tts"), text)
    builder._session.say(text, bad=True)
    assert everywhere(builder) == []
    builder._tabs.files.bring(text, text.encode())
    builder._tabs.files.open(text)
    builder._session.call("panel", "YAML")
    area = next(x for x in inside(builder._tabs.yaml.widget) if isinstance(x, w.Textarea))
    area.value = f"{text}\n{area.value}"
    builder._tabs.yaml.apply()
    assert bad(inside(builder.widget)) == []
    ElementTree.fromstring(drawing(builder._session))
    assert not Marks(
        re.sub(r"<(/?)(svg|defs|marker|path|g|rect|text|tspan|title)\b", r"<\1b", drawing(builder._session))
    ).bad
    builder.close()


@pytest.mark.parametrize("name", NAMES)
def test_names_of_services_engines_flows_and_groups(name: str) -> None:
    pipeline = Pipeline("chat")
    builder = Builder(pipeline)
    tried(
        lambda: pipeline.add("llm", name),
        lambda: pipeline.add("reranking", f"{name}2"),
        lambda: pipeline.connect(f"{name}2", name),
        lambda: pipeline.add("redis", f"{name}3"),
        lambda: pipeline.add_flow(name),
        lambda: pipeline.group(name, [name]),
        lambda: pipeline.configure(name=name),
    )
    builder._session.mark({name: "failed"}, {name: name}, {name: name})
    builder._session.act(lambda: pipeline.rename(name, f"{name}4"), f"renamed {name}")
    assert everywhere(builder) == []
    ElementTree.fromstring(drawing(builder._session))
    builder.close()


@pytest.mark.parametrize("text", TEXTS)
def test_questions_answers_and_errors(text: str) -> None:
    said = Said(1, text, RunShown(Pipeline("chat")), state="failed", answer=text, error=text, hint=text)
    assert Marks(plain([said])).bad == []
