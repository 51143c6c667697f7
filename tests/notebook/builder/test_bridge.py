"""The bridge without a browser: pages stay in step by patches, and know no secret."""

from __future__ import annotations

import json
import threading
from typing import Any

import ipywidgets as w
from hypothesis import given, settings
from hypothesis import strategies as st

from opea_nb.notebook.builder import Builder
from opea_nb.notebook.builder.bridge import Bridge
from opea_nb.notebook.builder.scene import patch, scene
from opea_nb.notebook.builder.session import Session
from opea_nb.pipeline import Pipeline
from tests.notebook.builder.page import TABLES, Page, patched

ELEMENTS = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 2))
SCENES = st.fixed_dictionaries({"flow": st.sampled_from("xy"), **dict.fromkeys(TABLES, ELEMENTS)})
NAMES = st.sampled_from(["llm", "embedding", "retriever", "redis", "llm_2"])
INTENTS = st.one_of(
    st.builds(lambda k: {"act": "add", "kind": k}, st.sampled_from(["llm", "embedding", "retriever", "redis"])),
    st.builds(lambda a, b: {"act": "connect", "source": a, "target": b}, NAMES, NAMES),
    st.builds(lambda a, b: {"act": "rename", "name": a, "to": b}, NAMES, NAMES),
    st.builds(lambda a, j: {"act": "delete", "names": [a], "edges": [], "join": j}, NAMES, st.booleans()),
    st.builds(lambda a, x: {"act": "move", "places": {a: [x, 7]}, "label": "move"}, NAMES, st.integers(-900, 900)),
    st.builds(lambda a: {"act": "group", "names": [a]}, NAMES),
    st.builds(lambda a: {"act": "duplicate", "names": [a]}, NAMES),
    st.builds(lambda a: {"act": "note", "text": a}, st.text(max_size=5)),
    st.builds(lambda a: {"act": a}, st.sampled_from(["undo", "redo", "clear"])),
)


@given(before=SCENES, after=SCENES)
def test_a_patch_makes_the_one_scene_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert patched(before, patch(before, after)) == after
    assert patch(after, after) == {}


@settings(max_examples=60, deadline=None)
@given(intents=st.lists(INTENTS, max_size=12))
def test_whatever_is_done_the_page_that_was_told_and_the_one_that_opens_now_show_the_same(
    intents: list[dict[str, Any]],
) -> None:
    page = Page()
    for intent in intents:
        page.ask(**intent)
        assert page.scene == page.state()["scene"] == json.loads(json.dumps(scene(page.session)))


@settings(max_examples=60, deadline=None)
@given(intents=st.lists(INTENTS, max_size=12))
def test_no_card_moves_unless_it_is_moved(intents: list[dict[str, Any]]) -> None:
    page = Page()
    for intent in intents:
        before = page.scene["nodes"]
        page.ask(**intent)
        if intent["act"] in ("move", "undo", "redo", "rename"):
            continue
        for name, card in page.scene["nodes"].items():
            if name in before:
                assert (card["x"], card["y"]) == (before[name]["x"], before[name]["y"])


def test_what_python_does_reaches_the_page_in_one_small_patch() -> None:
    page = Page()
    page.pipeline.add("llm")
    page.messages.clear()
    page.pipeline.add("embedding")
    (told,) = page.patches
    assert set(told["nodes"]) == {"embedding"}
    assert "templates" not in told


def test_the_scene_is_never_sent_as_a_trait() -> None:
    page = Page()
    sent: list[Any] = []
    page.bridge.comm.publish_msg = lambda _type, data=None, **_: sent.append(data)
    page.pipeline.add("llm")
    assert {message["method"] for message in sent} == {"custom"}


def test_the_patch_is_there_before_the_answer_that_it_is_done() -> None:
    page = Page()
    page.ask("add", kind="llm")
    assert [message["type"] for message in page.messages] == ["patch", "focus", "done"]


def test_without_an_answer_of_the_page_the_canvas_is_drawn_plainly_and_emptied_when_one_comes_late() -> None:
    pipeline = Pipeline("chat")
    pipeline.connect(pipeline.add("embedding"), pipeline.add("retriever"))
    builder = Builder(pipeline)
    drawn = threading.Event()
    builder._session.on_say(lambda *_: drawn.set())
    builder._bridge.displayed(patience=0.01)
    assert drawn.wait(10)
    graph = builder._canvas.widget.graph
    assert sorted(node.data["name"] for node in graph.nodes) == ["embedding", "retriever"]
    first = {node.data["id"] for node in graph.nodes}
    pipeline.remove("embedding")
    assert [node.data["name"] for node in graph.nodes] == ["retriever"]
    assert graph.nodes[0].data["id"] not in first  # ipycytoscape loses what it makes anew under the same id
    gestures = builder._tools._view.layout
    assert gestures.display == "none"
    Page(bridge=builder._bridge).ask("ready")
    assert not graph.nodes
    assert builder._tools._view.layout.display is None
    pipeline.add("llm")
    assert not graph.nodes
    builder.close()


def test_a_page_that_answers_in_time_is_never_drawn_plainly() -> None:
    session, absent = Session(Pipeline("chat")), threading.Event()
    bridge = Bridge(session, Page().bridge.canvas, on_absent=absent.set)
    Page(bridge=bridge).ask("ready")
    bridge.displayed(patience=0.01)
    assert bridge.live
    assert not absent.wait(0.1)


def test_no_value_of_the_environment_and_no_parameter_is_in_any_state_of_the_builder_but_its_own_field() -> None:
    secret = "sk-0123456789abcdef"
    pipeline = Pipeline("chat")
    pipeline.add("llm", environment={"OPENAI_API_KEY": secret}, api_key="OPENAI_API_KEY")
    builder = Builder(pipeline)
    page = Page(bridge=builder._bridge)
    page.ask("select", names=["llm"])
    page.ask("copy", names=["llm"])
    page.ask("move", places={"llm": [1, 2]}, label="move")
    assert secret not in json.dumps(page.messages)
    assert secret not in json.dumps(page.state())
    builder.close()


def test_no_secret_is_in_the_saved_state_of_all_widgets() -> None:
    secret = "sk-fedcba9876543210"
    pipeline = Pipeline("chat")
    pipeline.add("llm", environment={"OPENAI_API_KEY": secret})
    builder = Builder(pipeline)
    builder._session.select("llm")
    assert secret not in json.dumps(w.Widget.get_manager_state(), default=str)
    builder.close()


def test_edits_from_several_threads_leave_the_page_in_step() -> None:
    page = Page()

    def edit() -> None:
        for _ in range(10):
            page.session.act(lambda: page.pipeline.add("llm"))
            page.pipeline.update("llm", parameters={"max_tokens": 9})

    threads = [threading.Thread(target=edit) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(page.scene["nodes"]) == 30
    assert page.scene == page.state()["scene"]
