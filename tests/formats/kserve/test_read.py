"""InferenceGraphs are read: what each router means, and what of it a pipeline cannot say."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from opea_nb.errors import FormatError
from opea_nb.formats import registry
from opea_nb.formats.compare import differences
from opea_nb.formats.conversion import Imported
from opea_nb.formats.kserve import read, write
from opea_nb.pipeline import MAIN, Pipeline

LLM = "/v1/chat/completions"


def graph(**nodes: tuple[str, list[dict[str, Any]]]) -> str:
    """The text of a graph."""
    made = {name: {"routerType": router, "steps": steps} for name, (router, steps) in nodes.items()}
    head = {"apiVersion": "serving.kserve.io/v1alpha1", "kind": "InferenceGraph", "metadata": {"name": "g"}}
    return yaml.safe_dump({**head, "spec": {"nodes": made}}, sort_keys=False)


def step(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, **({} if {"nodeName", "serviceName"} & more.keys() else {"serviceUrl": url(name)}), **more}


def url(name: str) -> str:
    return f"http://{name}:9000{LLM}"


def edges(imported: Imported) -> set[tuple[str, str]]:
    return set(imported.pipeline.flow(MAIN).edges)


def said(imported: Imported) -> list[tuple[str, str]]:
    return [(n.kind, n.item) for n in imported.notes]


def test_a_sequence_is_a_chain_of_the_services_at_its_addresses() -> None:
    found = read(graph(root=("Sequence", [step("a"), step("b", data="$response")])))
    assert edges(found) == {("a", "b")}
    assert found.notes == ()
    assert (found.pipeline.services["a"].kind, found.pipeline.services["a"].url) == ("llm", "")


def test_a_service_at_another_host_runs_elsewhere() -> None:
    address = f"http://llm.prod.svc.cluster.local{LLM}"
    service = read(graph(root=("Sequence", [step("llm", serviceUrl=address)]))).pipeline.services["llm"]
    assert service.url == address


def test_an_inference_service_is_called_at_its_address_in_the_cluster() -> None:
    found = read(graph(root=("Sequence", [step("a", serviceName="model")])))
    assert found.pipeline.services["a"].url == "http://model.default.svc.cluster.local"
    assert ("inferred", "a") in said(found)
    assert "serviceName: model" in write(found.pipeline).text


def test_an_ensemble_stands_side_by_side_between_what_is_before_and_after_it() -> None:
    text = graph(
        root=("Sequence", [step("a"), {"nodeName": "both", "data": "$response"}, step("d", data="$response")]),
        both=("Ensemble", [step("b"), step("c")]),
    )
    assert edges(read(text)) == {("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")}


def test_a_switch_at_the_start_chooses_by_the_request() -> None:
    conditions = ['[@this].#(model=="big")', "[@this].#(model==5)", "model", ""]
    steps = [step(f"s{i}", **({"condition": c} if c else {})) for i, c in enumerate(conditions)]
    found = read(graph(root=("Switch", steps)))
    whens = [found.pipeline.services[f"s{i}"].extra["when"] for i in range(4)]
    # the third takes what is left of those that have a model, the last those that have none
    assert whens == [
        {"model": "big"},
        {"model": "5"},
        {"model": {"not": ["5", "big", None]}},
        {"model": {"exists": False}},
    ]
    assert said(found) == [("inferred", "s3")]


def test_a_switch_on_an_answer_is_kept_and_written_again() -> None:
    text = graph(
        root=("Sequence", [step("a"), {"nodeName": "n", "data": "$response"}]),
        n=("Switch", [step("b", condition="bad"), step("c", condition="good")]),
    )
    found = read(text)
    assert [item for item in said(found) if item[0] == "kept"] == [("kept", "b: condition"), ("kept", "c: condition")]
    written = yaml.safe_load(write(found.pipeline).text)["spec"]["nodes"]
    assert [s["condition"] for s in written["node1"]["steps"]] == ["bad", "good"]


def test_weights_are_kept_on_the_first_service_of_a_branch() -> None:
    text = graph(
        root=("Splitter", [step("a", weight=70), {"nodeName": "n", "weight": 30}]), n=("Sequence", [step("b")])
    )
    found = read(text)
    assert [found.pipeline.services[n].extra["weight"] for n in "ab"] == [70, 30]
    assert ("inferred", "a and n") in said(found)


def test_a_step_that_gets_the_request_again_is_noted_and_written_again() -> None:
    found = read(graph(root=("Sequence", [step("a"), step("b")])))
    assert said(found) == [("kept", "b: data")]
    assert "data" not in yaml.safe_load(write(found.pipeline).text)["spec"]["nodes"]["root"]["steps"][1]


def test_what_is_no_part_of_a_graph_is_listed_with_its_place() -> None:
    text = graph(root=("Sequence", [step("a", colour="red")]), alone=("Sequence", [step("z")]))
    found = read(text, source="g.yaml")
    assert said(found) == [("lost", "root.colour"), ("lost", "node alone")]
    assert all(note.where.startswith("g.yaml:") for note in found.notes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (graph(top=("Sequence", [step("a")])), "no node `root`"),
        (graph(root=("Choice", [step("a")])), "routerType is 'Choice'"),
        (graph(root=("Sequence", [step("a", nodeName="gone")])), "there is no node 'gone'"),
        (graph(root=("Sequence", [step("a", nodeName="root")])), "calls itself: root → root"),
        (graph(root=("Sequence", [{"name": "a"}])), "nothing to call"),
        (graph(root=("Sequence", [step("a", serviceName="b", nodeName="c")])), "nodeName and serviceName"),
        (graph(root=("Splitter", [step("a", weight=101)])), "weight is no whole number"),
        (graph(root=("Sequence", [])), "calls no service"),
        (graph(), "has no nodes"),
        (
            graph(
                root=("Sequence", [step("a", nodeName="n0")]),
                **{f"n{i}": ("Sequence", [step("a", nodeName=f"n{i + 1}")]) for i in range(200)},
            ),
            "nested more than",
        ),
        ("kind: ConfigMap\napiVersion: v1\n", "there is no InferenceGraph"),
    ],
)
def test_an_unsound_graph_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message) as error:
        read(text)
    assert error.value.line or "there is no InferenceGraph" in message


def test_one_of_several_graphs_is_chosen_by_name() -> None:
    second = graph(root=("Sequence", [step("b")])).replace("name: g", "name: second")
    text = graph(root=("Sequence", [step("a")])) + "---\n" + second
    assert list(read(text).pipeline.services) == ["a"]
    assert list(read(text, name="second").pipeline.services) == ["b"]
    with pytest.raises(FormatError, match="third"):
        read(text, name="third")


def test_what_the_graph_does_not_tell_of_a_pipeline_is_noted_when_it_is_written() -> None:
    pipeline = Pipeline("rag", port=8000)
    pipeline.add("embedding", image="mine:1", replicas=2) >> pipeline.add("retriever-graph", name="search")
    written = write(pipeline)
    back = registry.read(written.text, "kserve").pipeline
    noted = {note.item for note in written.notes}
    assert {"embedding: image", "embedding: replicas", "search: kind", "port"} <= noted
    assert {d.path[0] for d in differences(pipeline, back)} <= {"services", "pipeline"}
