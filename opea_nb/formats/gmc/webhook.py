"""What is wrong with a GMConnector: what the CRD and the webhook refuse, and what they let through but fails later.

The second kind is worse: such a resource has no status or a crashing router, and the reason is in a log at best.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from opea_nb.formats.gmc import conditions
from opea_nb.formats.gmc.names import LABEL
from opea_nb.formats.gmc.steps import STEPS, WIRES, plain
from opea_nb.formats.yaml_text import Path
from opea_nb.pipeline.when import Allowed, exhaustive

_NODES: Path = ("spec", "nodes")
_ROUTERS = ("Sequence", "Ensemble", "Switch")


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong.

    Parameters
    ----------
    by
        Who minds: ``schema``, ``webhook``, ``controller`` or ``router``.
    where
        Node and step.
    path
        The place in the resource.
    """

    by: Literal["schema", "webhook", "controller", "router"]
    where: str
    reason: str
    path: Path = ()

    def __str__(self) -> str:
        return f"{self.where}: {self.reason} ({self.by})"


def complaints(resource: Mapping[str, Any]) -> tuple[Complaint, ...]:
    """Everything that is wrong with a resource that has the CRD's shape."""
    spec = resource.get("spec", {})
    nodes: Mapping[str, Any] = spec.get("nodes", {})
    found = [*_router(spec), *_names(nodes)]
    own = resource.get("metadata", {}).get("namespace", "")
    if "root" not in nodes:
        found.append(Complaint("webhook", "nodes", "there is no root", _NODES))
    for name, node in nodes.items():
        path = (*_NODES, name)
        if node.get("routerType") not in _ROUTERS:
            found.append(Complaint("schema", name, f"routerType {node.get('routerType')!r}", path))
        found += [replace(c, path=path) for c in _node(name, node)]
        for index, step in enumerate(node.get("steps", ())):
            found += [replace(c, path=(*path, "steps", index, *c.path)) for c in _step(name, step, node, nodes, own)]
    found += _texts(spec)
    found += _circles(nodes)
    return tuple(found)


def _router(spec: Mapping[str, Any]) -> Iterator[Complaint]:
    router = spec.get("routerConfig", {})
    for key in ("name", "serviceName"):
        if not isinstance(router.get(key), str):
            yield Complaint("schema", "routerConfig", f"{key} is missing", ("spec", "routerConfig"))
    if not LABEL.fullmatch(str(router.get("serviceName", ""))):
        reason = "serviceName is no DNS label"
        yield Complaint("controller", "routerConfig", reason, ("spec", "routerConfig", "serviceName"))


def _names(nodes: Mapping[str, Any]) -> Iterator[Complaint]:
    seen: set[str] = set()
    for name, node in nodes.items():
        for index, step in enumerate(node.get("steps", ())):
            service = step.get("internalService", {}).get("serviceName", "")
            if service and service in seen:
                path = (*_NODES, name, "steps", index, "internalService", "serviceName")
                yield Complaint("webhook", name, f"serviceName {service} stands twice", path)
            seen.add(service)


def _node(name: str, node: Mapping[str, Any]) -> Iterator[Complaint]:
    called = [s for s in node.get("steps", ()) if not _downstream(s)]
    if not called:
        yield Complaint("router", name, "has no step to call: a request would crash it")
    if node.get("routerType") == "Ensemble":
        labels = [s.get("name") for s in called]
        if len(set(labels)) < len(labels):
            yield Complaint("router", name, "two steps have the same name: the result of one is lost")
        if len(called) < len(node.get("steps", ())):
            yield Complaint("router", name, "an Ensemble calls downstream services too")
    if node.get("routerType") == "Switch" and called and not _always_fits(called):
        yield Complaint("router", name, "a request may fit no branch: a crash, or an empty body for the next step")


def _always_fits(steps: list[Mapping[str, Any]]) -> bool:
    tests: list[Allowed] = []
    paths = set()
    for step in steps:
        if not step.get("condition"):
            return True
        read = conditions.read(step["condition"])
        if read is None:
            return False
        path, test, widened = read
        paths.add(path)
        tests.append(test)
        if widened:
            others = [r for s in steps if s is not step and (r := conditions.read(s.get("condition", "")))]
            said = [r for r in others if not r[2]]
            if all(r[0] == path and not r[1].negated and None not in r[1].values for r in said):
                return conditions.left_out(step["condition"]) <= frozenset[str | None]().union(
                    *(r[1].values for r in said)
                )
            return False
    return len(paths) == 1 and exhaustive(tests)


def _step(
    node: str, step: Mapping[str, Any], inside: Mapping[str, Any], nodes: Mapping[str, Any], namespace: str
) -> list[Complaint]:
    """With paths within the step."""
    name = step.get("name", "")
    where = f"{node}: {name}"
    found = []
    if name not in STEPS:
        found.append(Complaint("webhook", where, "is no step that GMC knows", ("name",)))
    if name == "Router":
        found.append(Complaint("controller", where, "a step Router makes it give up", ("name",)))
    if step.get("dependency", "Soft") not in ("Soft", "Hard"):
        found.append(Complaint("schema", where, f"dependency {step['dependency']!r}"))
    target = step.get("nodeName", "")
    if target:
        if target not in nodes:
            found.append(Complaint("webhook", where, f"there is no node {target}", ("nodeName",)))
        return found
    external, internal = step.get("externalService", ""), step.get("internalService")
    if external:
        if internal:
            found.append(Complaint("controller", where, "is internal and external"))
        if not re.match(r"https?://[^/\s]+", external):
            found.append(Complaint("router", where, f"{external!r} is no URL", ("externalService",)))
        return found
    if not internal:
        return [*found, Complaint("controller", where, "has neither an internal nor an external service, nor a node")]
    inner: Path = ("internalService",)
    service = internal.get("serviceName", "")
    if service and not LABEL.fullmatch(service):  # one that is missing is the template's
        reason = f"serviceName {service!r} is no DNS label"
        found.append(Complaint("controller", where, reason, (*inner, "serviceName")))
    if internal.get("nameSpace", namespace) != namespace:
        reason = "a service in another namespace cannot be owned"
        found.append(Complaint("controller", where, reason, (*inner, "nameSpace")))
    config: Mapping[str, Any] = internal.get("config", {})
    endpoint = config.get("endpoint", "")
    if endpoint and not str(endpoint).startswith("/"):
        reason = f"endpoint {endpoint!r} begins with no slash"
        found.append(Complaint("router", where, reason, (*inner, "config", "endpoint")))
    beside = {
        s["internalService"].get("serviceName"): s
        for s in inside.get("steps", ())
        if s.get("internalService", {}).get("isDownstreamService")
    }
    for key, value in config.items():
        path = (*inner, "config", key)
        if not isinstance(value, str):
            found.append(Complaint("schema", where, f"{key} is no text", path))
        elif key in WIRES and value not in beside:
            reason = f"{key} names {value!r}, no downstream service of its node"
            found.append(Complaint("controller", where, reason, path))
        elif key in WIRES and key in STEPS.get(plain(name), STEPS["Router"]).wires:
            wanted = STEPS[plain(name)].wires[key]
            if plain(beside[value].get("name", "")) != wanted:
                found.append(Complaint("controller", where, f"{key} names {value!r}, which is no {wanted}", path))
    return found


def _texts(value: Any, where: str = "spec", path: Path = ("spec",)) -> Iterator[Complaint]:
    """The controller puts the whole spec, as JSON, between single quotes into YAML that it splits at dashes."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(str(key), where, path)
            yield from _texts(item, f"{where}.{key}", (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, f"{where}[{index}]", (*path, index))
    elif isinstance(value, str) and (reason := text_fault(value)):
        yield Complaint("controller", where, reason, path)


def text_fault(value: str) -> str:
    """Why the controller cannot carry a text; empty when it can."""
    if "'" in value:
        return "has a single quote, which breaks the router's manifest"
    if "---" in value:
        return "has three dashes, at which the router's manifest is cut"
    if "$(" in value:
        return "has `$(`, which Kubernetes replaces"
    return "" if value.isprintable() else "has a line break or another control character"


def _downstream(step: Mapping[str, Any]) -> bool:
    return not step.get("nodeName") and bool(step.get("internalService", {}).get("isDownstreamService"))


def _circles(nodes: Mapping[str, Any]) -> Iterator[Complaint]:
    def targets(name: str) -> set[str]:
        return {s["nodeName"] for s in nodes.get(name, {}).get("steps", ()) if s.get("nodeName")}

    for name in nodes:
        todo, seen = targets(name), set()
        while todo:
            target = todo.pop()
            if target == name:
                yield Complaint("router", name, "leads to itself, which never ends", (*_NODES, name))
                break
            if target not in seen:
                seen.add(target)
                todo |= targets(target)
