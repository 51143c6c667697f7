"""InferenceGraphs hold what KServe's router can do; the rest is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
import yaml

from opea_nb.errors import PlanError
from opea_nb.formats.kserve import FORMAT, write
from opea_nb.pipeline import Pipeline

TEXT = {"type": "string", "minLength": 1}
TARGETS = ("nodeName", "serviceName", "serviceUrl")
SCHEMA = {
    "type": "object",
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "additionalProperties": False,
    "properties": {
        "apiVersion": {"const": "serving.kserve.io/v1alpha1"},
        "kind": {"const": "InferenceGraph"},
        "metadata": {"type": "object", "required": ["name"], "additionalProperties": TEXT},
        "spec": {
            "type": "object",
            "additionalProperties": False,
            "required": ["nodes"],
            "properties": {
                "nodes": {
                    "type": "object",
                    "required": ["root"],
                    "additionalProperties": {
                        "type": "object",
                        "required": ["routerType", "steps"],
                        "additionalProperties": False,
                        "properties": {
                            "routerType": {"enum": ["Sequence", "Splitter", "Ensemble", "Switch"]},
                            "steps": {
                                "type": "array",
                                "minItems": 1,
                                "items": {
                                    "type": "object",
                                    "additionalProperties": False,
                                    "oneOf": [{"required": [target]} for target in TARGETS],
                                    "properties": {
                                        **dict.fromkeys(("name", "condition", *TARGETS), TEXT),
                                        "data": {"const": "$response"},
                                        "weight": {"type": "integer", "minimum": 0, "maximum": 100},
                                        "dependency": {"enum": ["Soft", "Hard"]},
                                    },
                                },
                            },
                        },
                    },
                }
            },
        },
    },
}


def graph(pipeline: Pipeline) -> dict[str, Any]:
    """The nodes of the written graph, which is of the schema."""
    data = yaml.safe_load(write(pipeline).text)
    jsonschema.validate(data, SCHEMA)
    nodes: dict[str, Any] = data["spec"]["nodes"]
    for node in nodes.values():
        names = [step["name"] for step in node["steps"]]
        assert len(set(names)) == len(names)  # the webhook wants them apart within a node
        assert all(step.get("nodeName", "root") in nodes for step in node["steps"])
    return nodes


def branches(*extras: dict[str, Any]) -> Pipeline:
    """LLMs side by side."""
    pipeline = Pipeline("choice")
    for index, extra in enumerate(extras):
        pipeline.add("llm", name=f"llm-{index}", extra=extra)
    return pipeline


def test_a_chain_is_a_sequence_of_addresses_of_what_the_same_plan_deploys() -> None:
    pipeline = Pipeline("chatqna")
    pipeline.add("embedding") >> pipeline.add("retriever") >> pipeline.add("llm")
    pipeline.add("dataprep")
    assert graph(pipeline)["root"] == {
        "routerType": "Sequence",
        "steps": [
            {"name": "embedding", "serviceUrl": "http://embedding:6000/v1/embeddings"},
            {"name": "retriever", "serviceUrl": "http://retriever:7000/v1/retrieval", "data": "$response"},
            {"name": "llm", "serviceUrl": "http://llm:9000/v1/chat/completions", "data": "$response"},
        ],
    }
    assert [(n.kind, n.item) for n in write(pipeline).notes] == [("lost", "dataprep")]


def test_branches_are_an_ensemble_of_sequences() -> None:
    pipeline = Pipeline("two")
    pipeline.add("embedding") >> pipeline.add("retriever")
    pipeline.add("llm")
    nodes = graph(pipeline)
    assert nodes["node1"]["routerType"] == "Ensemble"
    assert [s["name"] for s in nodes[nodes["node1"]["steps"][0]["nodeName"]]["steps"]] == ["embedding", "retriever"]


def test_request_conditions_are_queries_of_a_switch_at_the_start() -> None:
    written = write(branches({"when": {"model": "a"}}, {"when": {"model": "b"}}))
    steps = graph(branches({"when": {"model": "a"}}, {"when": {"model": "b"}}))["node1"]["steps"]
    assert [s["condition"] for s in steps] == ['[model.@tostr,model]|#(=="a")', '[model.@tostr,model]|#(=="b")']
    assert any("404" in note.reason for note in written.notes)


def test_weights_share_requests_out() -> None:
    node = graph(branches({"weight": 80}, {"weight": 20}))["node1"]
    assert (node["routerType"], [s["weight"] for s in node["steps"]]) == ("Splitter", [80, 20])


def later_choice() -> Pipeline:
    pipeline = Pipeline("p")
    branch = [pipeline.add("llm", name=n, extra={"when": {"m": n}}) for n in "ab"]
    pipeline.add("embedding") >> branch
    return pipeline


def secret() -> Pipeline:
    pipeline = Pipeline("p")
    pipeline.add("llm", url="https://x.example/v1/chat/completions", api_key="KEY")
    return pipeline


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (lambda: branches({"weight": 80}, {"weight": 30}), ["llm-0", "llm-1"]),
        (lambda: branches({"weight": 80}, {}), ["llm-0", "llm-1"]),
        (lambda: branches({"when": {"a": "1"}}, {}), ["llm-0", "llm-1"]),
        (lambda: branches({"when": {"a": "1"}}, {"when": {"a": {"not": "2"}}}), ["llm-0", "llm-1"]),
        (lambda: branches({"when": {"a": "1"}}), ["llm-0"]),
        (lambda: branches({"when": 5}), ["llm-0"]),
        (later_choice, ["a", "b"]),
        (secret, ["llm", "KEY"]),
    ],
)
def test_what_a_graph_cannot_express_is_refused_by_name(make: Callable[[], Pipeline], names: list[str]) -> None:
    with pytest.raises(PlanError) as error:
        write(make())
    assert all(name in error.value.message for name in names)
    assert error.value.hint


def test_the_format_knows_its_documents() -> None:
    assert FORMAT.detect(yaml.safe_load(write(branches({})).text))
    assert not FORMAT.detect(["InferenceGraph"])
