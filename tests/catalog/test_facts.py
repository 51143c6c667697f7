"""The catalogue against the facts about OPEA 1.5: nothing is missing, and nothing differs without being named here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from opea_nb.catalog import Component, load_catalog

CATALOG = load_catalog()
PARTS = (("components", "service"), ("engines", "engine"))

NOT_TAKEN = {
    "ENABLE_MCP",  # another protocol
    "host_ip",  # every address is filled in
    "MODEL_CONFIGS",  # a file of several models
    "OPENAI_API_KEY",  # of a hosted model; a service with a URL has its own api_key
    "HF_HUB_OFFLINE",
    "LLM_MODEL_ID",  # is on vLLM's command line
    "POSTGRES_HOST_AUTH_METHOD",  # trusts everyone
    "NEO4J_server_bolt_advertised__address",
    "ASR_MODEL_PATH",  # has a default in the image
    # what an agent may have besides: set in its environment
    *("CRAG_SERVER", "RETRIEVAL_TOOL_URL", "SQL_AGENT_URL", "WORKER_AGENT_URL", "api_key", "custom_prompt", "db_name"),
    *("db_path", "hints_file", "mcp_sse_server_api_key", "mcp_sse_server_url", "tools", "use_hints", "with_memory"),
}
"""Variables of upstream's that no form sets."""

IN_PROCESS = {"OpeaTextGenNative", "OpeaTextGenNativePhi4Multimodal"}
"""Variants that load a model into the wrapper itself, on Gaudi; their images are recognised."""


def _entries(facts: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], Component]]:
    for part, role in PARTS:
        for name, entry in facts[part].items():
            yield name, entry, CATALOG.find(name=name, role=role)  # type: ignore[arg-type]  # one of the two roles


def _family(component: Component) -> list[Component]:
    """The component and those that run in an image of its (a retriever of images has retriever's)."""
    return [c for form in component.forms.values() for c in CATALOG.by_image(form.image)]


def test_all_38_components_and_38_engines_are_there(facts: dict[str, Any]) -> None:
    assert [len(facts[part]) for part, _ in PARTS] == [38, 38]
    assert [name for name, _, component in _entries(facts) if component.kind == "service"] == []


def test_each_is_recognised_by_every_image_that_it_has_upstream(facts: dict[str, Any]) -> None:
    for name, entry, component in _entries(facts):
        text = " ".join(str(entry.get(key, "")) for key in ("image", "compose_image", "examples_image"))
        for image in re.findall(r"[a-z0-9.-]+/[a-z0-9./_-]+(?::[\w.-]+)?", text):
            assert component in CATALOG.by_image(image), f"{name}: {image}"


def test_ports_are_upstreams(facts: dict[str, Any]) -> None:
    for name, entry, component in _entries(facts):
        said = re.sub(r"\(.*?\)", "", str(entry.get("port", entry.get("ports", ""))))
        forms = component.forms.values()
        ports = {component.port, *(f.port for f in forms), *(p for f in forms for p in f.options.ports)}
        assert {int(p) for p in re.findall(r"\b\d{2,5}\b", said)} <= ports, name


def test_the_endpoint_is_one_that_upstream_answers(facts: dict[str, Any], routes: list[dict[str, Any]]) -> None:
    answered = {str(route["endpoint"]).strip("'") for route in routes}
    for name, entry, component in _entries(facts):
        said = str(entry.get("endpoint") or entry.get("endpoints") or "")
        assert component.endpoint in said or not said, name
        if component.role == "service":
            assert component.endpoint in answered, name


def test_every_variable_of_upstreams_is_set_or_named_as_left_out(facts: dict[str, Any]) -> None:
    for name, entry, component in _entries(facts):
        variants = [v for v in (entry.get("variants") or {}).values() if isinstance(v, dict)]
        said = " ".join(k for v in (entry, *variants) for k in _keys(v.get("env")))
        forms = [f for c in _family(component) for f in c.forms.values()]
        known = {n for f in forms for n in (*f.environment, *f.secrets, *f.required)}
        missing = set(re.findall(r"\w+(?:\.\w+)*", said)) - known - NOT_TAKEN
        assert not missing, name


def _keys(value: Any) -> list[str]:
    return [str(k) for k in value if k != "…"] if isinstance(value, dict) else []


def test_every_variant_of_a_component_is_a_form(facts: dict[str, Any]) -> None:
    for name, entry, component in _entries(facts):
        values = {v for c in _family(component) for f in c.forms.values() for v in f.environment.values()}
        for text in entry.get("variants") or {}:
            for variant in set(re.findall(r"\b(?:OPEA_\w+|Opea\w+)", text)) - IN_PROCESS:
                assert variant in values, f"{name}: {variant}"


@pytest.mark.parametrize(
    ("kind", "model"),
    [
        ("embedding", "api_protocol.EmbeddingRequest"),
        ("retriever", "docarray.EmbedDoc"),
        ("reranking", "docarray.SearchedDoc"),
        ("llm", "docarray.LLMParamsDoc"),
        ("llm-docsum", "api_protocol.DocSumChatCompletionRequest"),
        ("arb-post-hearing", "api_protocol.ArbPostHearingAssistantChatCompletionRequest"),
        ("lvm", "docarray.LVMDoc"),
        ("tts", "api_protocol.AudioSpeechRequest"),
        ("text2image", "docarray.SDInputs"),
        ("image2image", "docarray.SDImg2ImgInputs"),
        ("text2query", "api_protocol.Text2QueryRequest"),
        ("prompt-template", "docarray.PromptTemplateInput"),
        ("language-detection", "docarray.TranslationInput"),
    ],
)
def test_parameters_are_fields_of_the_request_with_upstreams_defaults(
    kind: str, model: str, types: dict[str, Any]
) -> None:
    fields = types[model]["fields"]
    for parameter in CATALOG[kind].parameters:
        if not parameter.sent or (kind, parameter.name) == ("llm", "seed"):  # seed: only in the chat request
            continue
        assert parameter.name in fields, parameter.name
        said = fields[parameter.name].get("default")
        if parameter.default is not None and said not in (None, "None"):
            assert str(parameter.default) == str(said).strip("'") or float(parameter.default) == float(said)


def test_containers_get_what_upstream_gives_them(facts: dict[str, Any]) -> None:
    for name, entry, component in _entries(facts):
        options = [form.options for form in component.forms.values()]
        given = {
            "shm": {o.shm for o in options},
            "runtime": {o.runtime for o in options},
            "ipc": {o.ipc for o in options},
            "cap_add": {c for o in options for c in o.capabilities},
            "devices": {d for o in options for d in o.devices},
            "security_opt": {s for o in options for s in o.security},
        }
        for key, ours in given.items():
            said = entry.get(key, [])
            assert {str(x).lower().replace("=", ":") for x in (said if isinstance(said, list) else [said])} <= {
                x.lower().replace("=", ":") for x in ours
            }, f"{name}: {key}"
        assert not entry.get("privileged") or any(o.privileged for o in options), name


def test_an_engine_is_probed_where_upstream_probes_it_and_never_pretended_to_be_well(facts: dict[str, Any]) -> None:
    for name, entry, component in _entries(facts):
        forms = [form for form in component.forms.values() if form.image]
        said = re.search(r"GET (?::(\d+))?(/[^\s)]+)", str(entry.get("health", "")))
        if said and component.kind != "elasticsearch":  # whose report is green only with several nodes
            for form in forms:
                assert form.health.path == said[2], name
                assert not said[1] or int(said[1]) in (form.health.port, form.port), name
        for form in forms:
            assert form.health.path or form.health.command, name
            assert "sleep" not in form.health.command, name
