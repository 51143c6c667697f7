"""What the tests of GMConnectors have in common: schemas, samples, and a model of GMC's router."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from opea_nb.formats.gmc import conditions
from opea_nb.pipeline.when import holds
from tests.shared import SHARED

HERE = Path(__file__).parent
UPSTREAM = SHARED / "upstream" / "gmc"

TEXT = {"type": "string"}
TEXTS = {"type": "object", "additionalProperties": TEXT}


def closed(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


STEP = closed(
    ["name"],
    name=TEXT,
    nodeName=TEXT,
    externalService=TEXT,
    data=TEXT,
    condition=TEXT,
    dependency={"enum": ["Soft", "Hard"]},
    internalService=closed([], serviceName=TEXT, config=TEXTS, isDownstreamService={"type": "boolean"}),
)
NODE = closed(["routerType"], routerType={"enum": ["Sequence", "Ensemble", "Switch"]}, steps={"items": STEP})
SPEC = closed(
    ["nodes", "routerConfig"],
    routerConfig=closed(["name", "serviceName"], name=TEXT, serviceName=TEXT, config=TEXTS),
    nodes={"type": "object", "additionalProperties": NODE},
)
OUR_SCHEMA = closed(
    ["apiVersion", "kind", "metadata", "spec"], apiVersion=TEXT, kind=TEXT, metadata={"type": "object"}, spec=SPEC
)


def strict(schema: Any) -> Any:
    """The schema with unknown keys refused, as kubectl's strict decoding does."""
    if isinstance(schema, dict):
        schema = {key: strict(value) for key, value in schema.items()}
        if "properties" in schema and schema.get("type") == "object":
            schema.setdefault("additionalProperties", False)
    return schema


@pytest.fixture(scope="session")
def validate() -> Callable[[Mapping[str, Any]], None]:
    """Check a resource against our own schema, and the real CRD where it is at hand."""
    schemas = [OUR_SCHEMA]
    crd = UPSTREAM / "gmconnector-crd.yaml"
    if crd.exists():
        version = yaml.safe_load(crd.read_text())["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        real = strict(version)
        real["properties"]["metadata"] = {"type": "object"}
        schemas.append(real)
    return lambda resource: [jsonschema.validate(resource, schema) for schema in schemas] and None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes ``connector_file`` on our samples, and upstream's where they are at hand."""
    if "connector_file" in metafunc.fixturenames:
        files = sorted((HERE / "samples").glob("*.yaml"))
        files += [f for f in sorted(UPSTREAM.glob("*.yaml")) if "crd" not in f.name]
        metafunc.parametrize("connector_file", files, ids=[f.stem for f in files])


class RouterCrash(Exception):
    """What would end the router's process, or give the next step an empty body."""


class Router:
    """GMC's router as it was seen to work: which services a request calls, and after what."""

    def __init__(self, resource: Mapping[str, Any]) -> None:
        self.nodes = resource["spec"]["nodes"]

    def calls(self, request: Mapping[str, Any]) -> list[tuple[str, str]]:
        """(service, what it is given) in order: ``request`` or the name of the service before."""
        made: list[tuple[str, str]] = []
        self._node("root", "request", request, made)
        return made

    def _node(self, name: str, given: str, request: Mapping[str, Any], made: list[tuple[str, str]]) -> str:
        node = self.nodes[name]
        answer = ""
        answers = []
        for index, step in enumerate(node["steps"]):
            internal = step.get("internalService", {})
            ensemble = node["routerType"] == "Ensemble"
            if internal.get("isDownstreamService") and not ensemble:
                continue
            if node["routerType"] == "Switch" and step.get("condition"):
                found = conditions.read(step["condition"])
                assert found is not None
                path, allowed, widened = found
                others = conditions.left_out(step["condition"])
                fits = holds({path: allowed}, request)
                if widened:
                    fits = not any(holds({path: type(allowed)(frozenset({v}))}, request) for v in others)
                if not fits:
                    continue
            body = answer if step.get("data") == "$response" and index and not ensemble else given
            if not body:
                raise RouterCrash(f"{name}: {step['name']} gets nothing")
            if step.get("nodeName"):
                answer = self._node(step["nodeName"], body, request, made)
            else:
                answer = internal.get("serviceName") or step["externalService"]
                made.append((answer, body))
            answers.append(answer)
        if not answers:
            raise RouterCrash(f"{name}: nothing was called")
        return "+".join(sorted(answers)) if node["routerType"] == "Ensemble" else answer


@pytest.fixture(scope="session")
def router() -> type[Router]:
    return Router


@pytest.fixture(scope="session")
def crash() -> type[RouterCrash]:
    return RouterCrash


def deployed(resource: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every service and engine of a resource: (name, step)."""
    for node in resource["spec"]["nodes"].values():
        for step in node["steps"]:
            if "internalService" in step:
                yield step["internalService"]["serviceName"], step
