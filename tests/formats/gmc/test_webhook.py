"""Every resource that GMC takes and then fails on is complained about."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from opea_nb.formats.gmc import complaints, read


def sound() -> dict[str, Any]:
    return {
        "spec": {
            "routerConfig": {"name": "router", "serviceName": "router-service"},
            "nodes": {
                "root": {
                    "routerType": "Sequence",
                    "steps": [
                        {
                            "name": "Llm",
                            "internalService": {
                                "serviceName": "llm-svc",
                                "config": {"endpoint": "/v1", "TGI_LLM_ENDPOINT": "tgi-svc"},
                            },
                        },
                        {"name": "Tgi", "internalService": {"serviceName": "tgi-svc", "isDownstreamService": True}},
                    ],
                }
            },
        }
    }


def llm(**fields: Any) -> dict[str, Any]:
    return {"name": "Llm", "internalService": {"serviceName": "other-svc", "config": {}}, **fields}


def set_root(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda r: r["spec"]["nodes"]["root"].update(fields)


def set_step(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda r: r["spec"]["nodes"]["root"]["steps"][0].update(fields)


def set_service(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda r: r["spec"]["nodes"]["root"]["steps"][0]["internalService"].update(fields)


def set_config(**fields: str) -> Callable[[dict[str, Any]], None]:
    return lambda r: r["spec"]["nodes"]["root"]["steps"][0]["internalService"]["config"].update(fields)


def test_a_sound_resource_has_no_complaints() -> None:
    assert complaints(sound()) == ()


@pytest.mark.parametrize(
    ("spoil", "by", "word"),
    [
        (set_root(routerType="Splitter"), "schema", "routerType"),
        (set_step(dependency="Maybe"), "schema", "dependency"),
        (set_config(A=5), "schema", "text"),  # type: ignore[arg-type]  # what it must not be
        (lambda r: r["spec"]["routerConfig"].pop("serviceName"), "schema", "serviceName"),
        (set_step(name="Vllm"), "webhook", "no step"),
        (set_step(name="llm"), "webhook", "no step"),
        (set_step(nodeName="gone"), "webhook", "no node"),
        (set_service(serviceName="tgi-svc"), "webhook", "twice"),
        (lambda r: r["spec"].update(nodes={"start": r["spec"]["nodes"]["root"]}), "webhook", "root"),
        (set_step(name="Router"), "controller", "Router"),
        (set_service(serviceName="My_LLM"), "controller", "DNS label"),
        (set_service(serviceName="x" * 64), "controller", "DNS label"),
        (set_service(serviceName="2nd"), "controller", "DNS label"),
        (set_service(nameSpace="elsewhere"), "controller", "namespace"),
        (lambda r: r["spec"]["nodes"]["root"]["steps"][0].pop("internalService"), "controller", "neither"),
        (set_step(externalService="http://x"), "controller", "external"),
        (set_config(TGI_LLM_ENDPOINT="gone"), "controller", "downstream"),
        (set_config(A="it's"), "controller", "quote"),
        (set_config(A="a---b"), "controller", "dashes"),
        (set_config(A="a\nb"), "controller", "line break"),
        (set_config(endpoint="v1"), "router", "slash"),
        (set_root(steps=[]), "router", "no step to call"),
        (set_step(internalService={"serviceName": "llm-svc", "isDownstreamService": True}), "router", "no step"),
        (set_step(nodeName="root"), "router", "itself"),
        (set_root(routerType="Ensemble"), "router", "downstream"),
        (set_root(routerType="Ensemble", steps=[llm(nodeName="a"), llm(nodeName="b")]), "router", "same name"),
        (set_root(routerType="Switch", steps=[llm(condition="m==a")]), "router", "no branch"),
        (set_root(routerType="Switch", steps=[llm(condition="m==v1.5")]), "router", "no branch"),
    ],
)
def test_a_trap_is_seen(spoil: Callable[[dict[str, Any]], None], by: str, word: str) -> None:
    resource = copy.deepcopy(sound())
    spoil(resource)
    assert any(c.by == by and word in c.reason for c in complaints(resource)), complaints(resource)


def test_what_is_wrong_with_a_file_is_told_with_its_place_and_who_minds() -> None:
    text = """apiVersion: gmc.opea.io/v1alpha3
kind: GMConnector
metadata: {name: app, namespace: app}
spec:
  routerConfig: {name: router, serviceName: router-service}
  nodes:
    root:
      routerType: Sequence
      steps:
        - name: Summary
          internalService: {serviceName: a_b, nameSpace: far, config: {NOTE: "it's"}}
        - name: Llm
          nodeName: models
    models:
      routerType: Switch
      steps:
        - name: Llm
          condition: model==bge-v1.5
          internalService:
            serviceName: llm-a
            config: {endpoint: v1, TGI_LLM_ENDPOINT: nobody}
"""
    imported = read(text, "app.yaml")
    assert [(f.severity, f.code, f.line, f.column) for f in imported.faults] == [
        ("error", "gmc-webhook", 10, 17),
        ("error", "gmc-controller", 11, 42),
        ("error", "gmc-controller", 11, 58),
        ("warning", "gmc-router", 15, 7),
        ("warning", "gmc-router", 21, 32),
        ("error", "gmc-controller", 21, 54),
        ("error", "gmc-controller", 11, 78),
    ]


def test_a_step_without_a_service_name_and_with_its_own_namespace_is_nothing_to_mind() -> None:
    resource = sound() | {"apiVersion": "gmc.opea.io/v1alpha3", "kind": "GMConnector", "metadata": {"namespace": "ns"}}
    set_service(nameSpace="ns")(resource)
    resource["spec"]["nodes"]["root"]["steps"][0]["internalService"].pop("serviceName")
    assert read(yaml.safe_dump(resource)).faults == ()
