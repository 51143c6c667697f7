"""GMConnectors are read tolerantly, with a note for each oddity; only our own errors come out."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opea_nb.errors import OpeaError
from opea_nb.formats.gmc import FORMAT, read, read_all

SAMPLES = Path(__file__).parent / "samples"
TWO = (SAMPLES / "two-models.yaml").read_text()
PARALLEL = (SAMPLES / "parallel.yaml").read_text()


def connector(steps: str, more: str = "") -> str:
    """A connector with a root Sequence of the given steps, as flow-style YAML."""
    return (
        "apiVersion: gmc.opea.io/v1alpha3\nkind: GMConnector\nmetadata: {name: app}\n"
        "spec:\n  routerConfig: {name: router, serviceName: router-service}\n"
        f"  nodes:\n    root: {{routerType: Sequence, steps: [{steps}]}}\n{more}"
    )


LLM = "{name: Llm, internalService: {serviceName: llm-svc, config: {endpoint: /v1/chat/completions}}}"


def test_engines_are_wired_by_keys_of_either_style() -> None:
    pipeline = read(TWO).pipeline
    assert pipeline.engines_of("embedding-svc") == ("tei-svc",)
    assert set(pipeline.engines_of("retriever-svc")) == {"redis-vector-db", "tei-svc"}
    assert pipeline.engines_of("llm-chat") == ("tgi-chat",)
    assert pipeline.engines["tgi-chat"].parameters == {"model": "org/chat"}
    assert pipeline.engines["tgi-chat"].form  # TgiGaudi is a form of tgi


def test_what_no_key_stands_for_is_kept_as_environment() -> None:
    pipeline = read(TWO).pipeline
    assert pipeline.services["llm-chat"].environment == {"LOGFLAG": "True"}
    assert pipeline.services["retriever-svc"].environment == {"IndexName": "passages"}


def test_nested_nodes_and_conditions_become_a_flow_with_request_conditions() -> None:
    pipeline = read(TWO).pipeline
    assert set(pipeline.flow().edges) == {("embedding-svc", "retriever-svc"), ("retriever-svc", "llm")}
    assert {n: s.extra.get("when") for n, s in pipeline.services.items()} == {
        "embedding-svc": {"mode": "rag"},
        "retriever-svc": {"mode": "rag"},
        "llm": {"mode": "rag"},
        "llm-chat": {"mode": "chat"},
    }
    assert pipeline.services["llm"].url == "http://models.example/v1/chat/completions"


def test_an_ensemble_becomes_branches_and_what_is_not_called_stands_aside() -> None:
    pipeline = read(PARALLEL).pipeline
    assert not pipeline.flow().has_node("data-prep-svc")
    assert pipeline.services["data-prep-svc"].kind == "dataprep"
    assert set(pipeline.flow().edges) == {("embedding-svc", "retriever-svc")}
    assert pipeline.flow().has_node("web-retriever-svc")


def test_a_file_may_hold_several_documents() -> None:
    text = f"apiVersion: v1\nkind: Namespace\n---\n{connector(LLM)}---\n{PARALLEL}"
    imported = read(text, "app.yaml")
    assert imported.pipeline.name == "app"
    assert [(n.kind, n.item) for n in imported.notes if n.kind == "lost"] == [
        ("lost", "Namespace"),
        ("lost", "GMConnector parallel"),
    ]
    assert read(text, name="parallel").pipeline.name == "parallel"
    assert [i.pipeline.name for i in read_all(text)] == ["app", "parallel"]


def test_a_kubernetes_list_is_read_and_what_the_cluster_added_is_noted() -> None:
    item = yaml.safe_load(connector(LLM)) | {"status": {"status": "1/0/1"}}
    item["metadata"]["uid"] = "1"
    text = yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": [item]})
    assert {n.item for n in read(text).notes if n.kind == "lost"} == {"status", "metadata.uid"}


def test_unknown_steps_and_config_are_kept_and_listed() -> None:
    steps = (
        "{name: Agent, internalService: {serviceName: agent-svc, config: {endpoint: /v1/agent, helper: help-svc}}},"
        "{name: Helper, internalService: {serviceName: help-svc, isDownstreamService: true}}"
    )
    imported = read(connector(steps))
    assert imported.pipeline.services["agent-svc"].endpoint == "/v1/agent"
    assert imported.pipeline.services["agent-svc"].extra["gmc"] == {"step": "Agent", "uses": {"helper": "help-svc"}}
    assert not imported.pipeline.flow().has_node("help-svc")
    assert {"agent-svc: Agent", "help-svc: Helper", "agent-svc: helper"} <= {n.item for n in imported.notes}


@pytest.mark.parametrize(
    ("steps", "word"),
    [
        ("{name: Llm, internalService: {serviceName: a-b, nameSpace: x, config: {endpoint: /v1}}}", "namespace"),
        ("{name: Llm, internalService: {serviceName: a-b, config: {endpoint: v1}}}", "slash"),
        ("{name: Llm, internalService: {serviceName: a-b, config: {endpoint: /v1, PORT: 9009}}}", "text"),
        ("{name: Llm, internalService: {serviceName: a-b, config: {TGI_LLM_ENDPOINT: gone}}}", "gives up"),
        ("{name: Llm, externalService: nonsense}", "no URL"),
        (f"{LLM}, {{name: Asr, internalService: {{serviceName: asr-svc}}}}", "request again"),
        (f"{LLM}, {{name: Asr, data: $response, condition: x, internalService: {{serviceName: b-c}}}}", "always runs"),
        (f"{LLM}, {{name: Asr, data: $response, colour: red, internalService: {{serviceName: b-c}}}}", "no part"),
    ],
)
def test_an_oddity_is_noted_with_its_place(steps: str, word: str) -> None:
    notes = read(connector(steps), "app.yaml").notes
    assert any(word in n.reason and n.where.startswith("app.yaml:7:") for n in notes), notes


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("a: 1", "no GMConnector"),
        (connector("{name: Llm, nodeName: gone}"), "no node"),
        (connector("{name: Llm, nodeName: root}"), "calls itself"),
        (connector(LLM).replace("root:", "start:"), "no node `root`"),
        (connector(LLM).replace("Sequence", "Splitter"), "routerType"),
        (connector("5"), "no mapping"),
        (connector("{name: [x]}"), "no text"),
        (connector(", ".join([LLM] * 301)), "more than 300"),
    ],
)
def test_an_unsound_connector_is_refused_with_its_place(text: str, word: str) -> None:
    with pytest.raises(OpeaError, match=word):
        read(text, "app.yaml")


def test_nodes_that_lead_ever_deeper_are_refused() -> None:
    nodes = "".join(
        f"    n{i}: {{routerType: Sequence, steps: [{{name: Llm, nodeName: n{i + 1}}}]}}\n" for i in range(100)
    )
    text = connector("{name: Llm, nodeName: n0}").rstrip("\n") + f"\n{nodes}"
    with pytest.raises(OpeaError, match="nested more than"):
        read(text, "app.yaml")


def test_the_format_knows_its_documents() -> None:
    assert FORMAT.detect(yaml.safe_load(TWO))
    assert not FORMAT.detect({"kind": "InferenceGraph"})
    assert not FORMAT.detect("text")


# A change of the text that keeps it YAML more often than not.
WORDS = [
    "",
    "x",
    "root",
    "[]",
    "{}",
    "null",
    "- a",
    "5",
    "'",
    "---",
    "&a",
    "*a",
    "$response",
    "m==a",
    "node",
    ": ",
    "{",
]


@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from([TWO, PARALLEL]), st.lists(st.tuples(st.integers(0), st.integers(0, 12), st.sampled_from(WORDS)))
)
def test_whatever_the_text_only_our_own_errors_come_out(text: str, changes: list[tuple[int, int, str]]) -> None:
    for start, length, word in changes:
        start %= max(1, len(text))
        text = text[:start] + word + text[start + length :]
    try:
        pipeline = read(text).pipeline
        FORMAT.write(pipeline)  # type: ignore[misc]  # this format has a writer
    except OpeaError:
        pass


def test_a_step_of_an_older_gmc_is_read_as_what_it_was_for() -> None:
    steps = "{name: DocSumGaudi, internalService: {serviceName: sum-svc, config: {endpoint: /v1/chat/docsum}}}"
    imported = read(connector(steps))
    assert imported.pipeline.services["sum-svc"].kind == "llm-docsum"
    assert any("no step of this name" in n.reason for n in imported.notes)


def test_addresses_in_the_cluster_are_wires_and_told() -> None:
    engine = "{name: Tgi, internalService: {serviceName: tgi-a, isDownstreamService: true}}"
    other = engine.replace("tgi-a", "tgi-b")
    for address in ("http://tgi-b.ns.svc.cluster.local:9009", "http://tgi-b:80", "tgi-b.ns"):
        steps = "{name: Llm, internalService: {serviceName: llm-svc, config: {tgi_endpoint: 'ADDRESS'}}}"
        text = connector(f"{engine}, {other}, {steps.replace('ADDRESS', address)}")
        imported = read(text.replace("{name: app}", "{name: app, namespace: ns}"))
        assert imported.pipeline.engines_of("llm-svc") == ("tgi-b",)
        assert any("names tgi-b by its address" in n.reason for n in imported.notes)
    elsewhere = read(text.replace("tgi-b.ns", "http://tgi-b.other.svc:80"))
    assert elsewhere.pipeline.engines_of("llm-svc") == ()
    assert any("leaves it as it is" in n.reason for n in elsewhere.notes)


@pytest.mark.parametrize(("given", "kind"), [("ASR", "asr"), ("Retriver", "retriever"), ("tgiGaudi", "tgi")])
def test_slips_in_a_steps_name_are_told_and_not_written_again(given: str, kind: str) -> None:
    from opea_nb.formats.gmc import write

    steps = f"{{name: {given}, internalService: {{serviceName: a-b, config: {{endpoint: /v1/x}}}}}}"
    if kind == "tgi":
        steps = f"{LLM}, {steps.replace('config', 'isDownstreamService: true, config')}"
    imported = read(connector(steps))
    assert imported.pipeline.node("a-b").kind == kind
    assert any(f": {given}" in n.item and "GMC has no step of this name" in n.reason for n in imported.notes)
    assert f"name: {given}\n" not in write(imported.pipeline).text


def test_the_own_namespace_said_again_is_nothing_to_tell() -> None:
    text = connector(LLM.replace("serviceName", "nameSpace: ns, serviceName"))
    own = text.replace("{name: app}", "{name: app, namespace: ns}").replace(
        "{name: router,", "{nameSpace: ns, name: router,"
    )
    assert read(own).notes == ()
    assert "router" not in read(own).pipeline.mega.document_extra.get("gmc", {})
    other = own.replace("{nameSpace: ns, name: router", "{nameSpace: far, name: router")
    assert [n.item for n in read(other).notes] == ["routerConfig.nameSpace"]


def test_the_name_of_a_secret_is_no_secret() -> None:
    steps = LLM.replace("/v1/chat/completions", "/v1/chat/completions, gmcTokenSecret: gmc-tokens")
    assert [p.code for p in read(connector(steps)).pipeline.problems()] == []
