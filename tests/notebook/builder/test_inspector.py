"""The inspector: everything about what is selected, by ordinary widgets."""

from __future__ import annotations

from typing import Any

import networkx as nx
import pytest
from ipywidgets.widgets.widget import _instances

from opea_nb.notebook.builder.inspector import Inspector
from opea_nb.notebook.builder.light import Light
from opea_nb.notebook.builder.session import Session
from opea_nb.pipeline import Pipeline, Service
from tests.notebook.builder.panels import ATTACK, button, field, inside, of_class, words


@pytest.fixture
def session() -> Session:
    pipeline = Pipeline("chatqna")
    pipeline.add("embedding") >> pipeline.add("retriever")
    pipeline.add("llm"), pipeline.add("redis")
    return Session(pipeline)


@pytest.fixture
def inspector(session: Session) -> Inspector:
    made = Inspector(session, Light())
    unfold(made)
    return made


def unfold(inspector: Inspector) -> None:
    for head in of_class(inspector.widget, "opea-folded"):
        head.click()


def pick(inspector: Inspector, name: str) -> None:
    of_class(inspector.widget, "opea-pick")[0].value = name
    unfold(inspector)


def test_choosing_a_name_selects_it_and_the_selection_is_shown(session: Session, inspector: Inspector) -> None:
    pick(inspector, "llm")
    assert session.one == "llm"
    session.select("retriever")
    assert of_class(inspector.widget, "opea-pick")[0].value == "retriever"
    assert of_class(inspector.widget, "opea-rename")[0].value == "retriever"


def test_a_name_is_changed_and_a_taken_one_is_refused(session: Session, inspector: Inspector) -> None:
    pick(inspector, "llm")
    of_class(inspector.widget, "opea-rename")[0].value = "answer"
    assert session.one == "answer"
    of_class(inspector.widget, "opea-rename")[0].value = "retriever"
    assert of_class(inspector.widget, "opea-rename")[0].value == "answer"
    assert session.said[1]


def test_what_can_be_clicked_stays_while_a_card_is_renamed_or_another_one_chosen(
    session: Session, inspector: Inspector
) -> None:
    pick(inspector, "llm")
    delete = of_class(inspector.widget, "opea-delete")[0]
    of_class(inspector.widget, "opea-rename")[0].value = "answer"
    session.select("retriever")
    assert of_class(inspector.widget, "opea-delete")[0] is delete
    delete.click()
    assert "retriever" not in session.pipeline.services


def test_every_parameter_of_the_catalogue_has_a_field(session: Session, inspector: Inspector) -> None:
    pick(inspector, "llm")
    for parameter in session.pipeline.component("llm").parameters:
        assert field(inspector.widget, parameter.name)
        assert parameter.help.split("'")[0].split('"')[0] in words(inspector.widget)


def test_a_parameter_is_set_by_type_and_cleared_to_its_default(session: Session, inspector: Inspector) -> None:
    pick(inspector, "llm")
    field(inspector.widget, "max_tokens").value = "64"
    field(inspector.widget, "temperature").value = "0.5"
    assert dict(session.pipeline.services["llm"].parameters) == {"max_tokens": 64, "temperature": 0.5}
    field(inspector.widget, "max_tokens").value = ""
    assert dict(session.pipeline.services["llm"].parameters) == {"temperature": 0.5}


@pytest.mark.parametrize("typed", ["0", "many", "-3"])
def test_a_bad_value_is_refused_at_its_field_with_the_reason(
    session: Session, inspector: Inspector, typed: str
) -> None:
    pick(inspector, "llm")
    control = field(inspector.widget, "max_tokens")
    control.value = "64"
    control.value = typed
    assert control.value == "64"
    assert "opea-bad" in words(inspector.widget)
    assert dict(session.pipeline.services["llm"].parameters) == {"max_tokens": 64}


def test_setting_one_field_leaves_the_others_and_their_focus_alone(session: Session, inspector: Inspector) -> None:
    pick(inspector, "llm")
    before = [id(x) for x in inside(inspector.widget)]
    field(inspector.widget, "max_tokens").value = "64"
    session.pipeline.update("llm", parameters={"top_k": 5})
    assert [id(x) for x in inside(inspector.widget)] == before
    assert field(inspector.widget, "top_k").value == "5"


@pytest.mark.parametrize(
    ("label", "typed", "set_to"),
    [
        ("Image", "opea/llm:2", {"image": "opea/llm:2"}),
        ("Port", "9100", {"port": 9100}),
        ("Endpoint", "/v1/x", {"endpoint": "/v1/x"}),
        ("Runs elsewhere", "http://h:1/v1", {"url": "http://h:1/v1"}),
        ("API key variable", "OPENAI_API_KEY", {"api_key": "OPENAI_API_KEY"}),
        ("Replicas", "3", {"replicas": 3}),
        ("Form", "opea", {"form": "opea"}),
    ],
)
def test_how_it_runs(session: Session, inspector: Inspector, label: str, typed: str, set_to: dict[str, Any]) -> None:
    pick(inspector, "llm")
    field(inspector.widget, label).value = typed
    assert {name: getattr(session.pipeline.services["llm"], name) for name in set_to} == set_to


@pytest.mark.parametrize(
    ("label", "typed"),
    [
        ("Port", "x"),
        ("Port", "70000"),
        ("Replicas", "-1"),
        ("API key variable", "sk-0123456789abcdef0123"),
        ("API key variable", "hf_0123456789abcdef0123"),
        ("Runs elsewhere", "http://me:hunter2@h/v1"),
    ],
)
def test_what_cannot_be_is_refused_and_a_key_is_not_kept(
    session: Session, inspector: Inspector, label: str, typed: str
) -> None:
    pick(inspector, "llm")
    before = session.pipeline.services["llm"]
    field(inspector.widget, label).value = typed
    assert session.pipeline.services["llm"] == before
    assert field(inspector.widget, label).value != typed
    assert session.said[1]


def test_another_kind_keeps_wires_and_the_settings_that_it_has_too(session: Session, inspector: Inspector) -> None:
    session.pipeline.connect("retriever", "llm")
    session.pipeline.update("llm", parameters={"max_tokens": 9}, form="embedded")
    pick(inspector, "llm")
    field(inspector.widget, "Kind").value = "llm-vllm"
    node = session.pipeline.services["llm"]
    assert (node.kind, node.form, dict(node.parameters)) == ("llm-vllm", "", {"max_tokens": 9})
    assert session.pipeline.graph.has_edge("retriever", "llm")


def test_environment_rows_are_added_changed_and_removed(session: Session, inspector: Inspector) -> None:
    pick(inspector, "llm")
    names, values = (of_class(inspector.widget, css) for css in ("opea-new-name", "opea-new-value"))
    names[0].value, values[0].value = "LOGFLAG", "true"
    field(inspector.widget, "LOGFLAG").value = "false"
    assert dict(session.pipeline.services["llm"].environment) == {"LOGFLAG": "false"}
    button(inspector.widget, "Remove").click()
    assert not session.pipeline.services["llm"].environment


def test_a_row_whose_text_comes_after_the_click_is_added(session: Session, inspector: Inspector) -> None:
    pick(inspector, "llm")
    name = of_class(inspector.widget, "opea-new-name")[0]
    of_class(inspector.widget, "opea-add-row")[0].click()
    assert session.said[1]
    name.value = "EMPTY"
    assert dict(session.pipeline.services["llm"].environment) == {"EMPTY": ""}


def test_a_secret_is_refused_as_text_and_taken_as_a_reference(session: Session, inspector: Inspector) -> None:
    pick(inspector, "llm")
    name, value = (of_class(inspector.widget, css)[0] for css in ("opea-new-name", "opea-new-value"))
    name.value, value.value = "HF_TOKEN", "hunter2"
    assert not session.pipeline.services["llm"].environment
    assert value.value == ""
    assert "${HF_TOKEN}" in session.said[0]
    assert "hunter2" not in session.said[0]
    value.value = "${HF_TOKEN}"
    assert dict(session.pipeline.services["llm"].environment) == {"HF_TOKEN": "${HF_TOKEN}"}


def test_a_secret_that_came_in_a_file_is_not_shown(session: Session, inspector: Inspector) -> None:
    session.pipeline.update("llm", environment={"HF_TOKEN": "hunter2"})
    pick(inspector, "llm")
    assert not any("hunter2" in str(getattr(x, "value", "")) for x in inside(inspector.widget))


def test_resources_are_rows_too(session: Session, inspector: Inspector) -> None:
    pick(inspector, "llm")
    name, value = (of_class(inspector.widget, css)[1] for css in ("opea-new-name", "opea-new-value"))
    name.value, value.value = "memory", "2Gi"
    assert dict(session.pipeline.services["llm"].resources) == {"memory": "2Gi"}


def test_a_kind_without_parameters_of_its_own_takes_any(session: Session, inspector: Inspector) -> None:
    session.pipeline.add("service", endpoint="/x")
    pick(inspector, "service")
    name, value = (of_class(inspector.widget, css)[0] for css in ("opea-new-name", "opea-new-value"))
    name.value, value.value = "top", "3"
    assert dict(session.pipeline.services["service"].parameters) == {"top": 3}
    field(inspector.widget, "top").value = "'3'"
    assert dict(session.pipeline.services["service"].parameters) == {"top": "3"}


def test_connections_are_cut_and_drawn_and_the_rest_is_explained(session: Session, inspector: Inspector) -> None:
    pick(inspector, "retriever")
    button(inspector.widget, "Disconnect").click()
    assert not session.pipeline.flow().edges
    of_class(inspector.widget, "opea-target")[0].value = "redis"
    button(inspector.widget, "Connect").click()
    assert session.pipeline.engines_of("retriever") == ("redis",)
    assert "Why not the others" in words(inspector.widget)


def test_a_choice_that_comes_after_the_click_is_connected(session: Session, inspector: Inspector) -> None:
    pick(inspector, "retriever")
    button(inspector.widget, "Connect").click()
    of_class(inspector.widget, "opea-target")[0].value = "llm"
    assert session.pipeline.graph.has_edge("retriever", "llm")


def test_what_fits_behind_is_added_and_connected(session: Session, inspector: Inspector) -> None:
    pick(inspector, "retriever")
    of_class(inspector.widget, "opea-next")[0].value = "reranking"
    of_class(inspector.widget, "opea-extend")[0].click()
    assert session.pipeline.graph.has_edge("retriever", "reranking")
    assert session.one == "reranking"


def test_flows_are_joined_left_and_made(session: Session, inspector: Inspector) -> None:
    pick(inspector, "llm")
    field(inspector.widget, "New flow").value = "side"
    assert session.pipeline.flows_of("llm") == ("main", "side")
    next(x for x in of_class(inspector.widget, "opea-flow") if x.description == "main").value = False
    assert session.pipeline.flows_of("llm") == ("side",)


def test_several_are_grouped_duplicated_and_deleted_each_as_one_edit(session: Session, inspector: Inspector) -> None:
    session.select("embedding", "retriever")
    button(inspector.widget, "Group").click()
    assert session.pipeline.groups["group"].members == ("embedding", "retriever")
    button(inspector.widget, "Duplicate").click()
    assert session.selected == ("embedding_2", "retriever_2")
    assert session.pipeline.graph.has_edge("embedding_2", "retriever_2")
    button(inspector.widget, "Delete").click()
    assert set(session.pipeline.services) == {"embedding", "retriever", "llm"}
    assert [session.undo() for _ in range(3)] == [True] * 3
    assert not session.pipeline.groups


def test_groups_are_renamed_folded_and_taken_apart(session: Session, inspector: Inspector) -> None:
    session.pipeline.group("g", ["llm"])
    unfold(inspector)
    field(inspector.widget, "Group").value = "answering"
    button(inspector.widget, "Fold").click()
    assert session.pipeline.groups["answering"].folded
    button(inspector.widget, "Ungroup").click()
    assert not session.pipeline.groups


def test_notes_are_written_and_removed(session: Session, inspector: Inspector) -> None:
    button(inspector.widget, "Add a note").click()
    field(inspector.widget, "Note").value = ATTACK
    (note,) = session.pipeline.notes.values()
    assert note.text == ATTACK
    button(inspector.widget, "Remove").click()
    assert not session.pipeline.notes


def test_hostile_text_stays_text(session: Session, inspector: Inspector) -> None:
    name = "<b onclick=x"
    session.pipeline.add(
        "llm", name=name, environment={"A": ATTACK}, image=ATTACK, parameters={"chat_template": ATTACK}
    )
    session.pipeline.connect("retriever", name)
    session.pipeline.group(ATTACK, [name])
    for chosen in ([name], ["retriever"], ["retriever", name], []):
        session.select(*chosen)
        unfold(inspector)
        assert "<img" not in words(inspector.widget)
        assert "<b onclick" not in words(inspector.widget)


def test_an_unknown_kind_is_shown_all_the_same() -> None:
    graph: Any = nx.DiGraph()
    graph.add_node("x", spec=Service("x", "unheard-of"), flows=("main",))
    session = Session(Pipeline.from_networkx(graph))
    inspector = Inspector(session, Light())
    pick(inspector, "x")
    assert "unheard-of" in words(inspector.widget)


def test_widgets_that_are_shown_no_more_are_closed(session: Session, inspector: Inspector) -> None:
    for name in ("llm", "retriever"):
        pick(inspector, name)
    before = len(_instances)
    for _ in range(3):
        pick(inspector, "llm")
        pick(inspector, "retriever")
    assert len(_instances) <= before
