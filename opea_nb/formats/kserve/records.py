"""An InferenceGraph's document as typed records, read tolerantly: every oddity is noted, nothing is interpreted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opea_nb.formats.draft import without_secrets
from opea_nb.formats.resources import Parts
from opea_nb.formats.yaml_text import Path

VERSION = "serving.kserve.io/v1alpha1"
KIND = "InferenceGraph"
ROUTERS = ("Sequence", "Splitter", "Ensemble", "Switch")
_TARGETS = ("nodeName", "serviceName", "serviceUrl")
_KNOWN = frozenset({"name", "data", "weight", "condition", "dependency", *_TARGETS})
_STEPS = 300


@dataclass(frozen=True, slots=True)
class Step:
    """One step: fields as in the CRD, with where it stands. A weight of 0 stands for none."""

    node: str
    path: Path
    name: str = ""
    target: str = ""
    service: str = ""
    url: str = ""
    data: str = ""
    weight: int = 0
    condition: str = ""
    dependency: str = ""

    @property
    def label(self) -> str:
        """What messages call it."""
        return self.name or self.service or self.target or f"a step of {self.node}"


@dataclass(frozen=True, slots=True)
class Node:
    """A router node: its type and steps."""

    name: str
    router: str
    steps: tuple[Step, ...]


def is_graph(data: object) -> bool:
    """Whether a parsed document is an InferenceGraph."""
    if not isinstance(data, Mapping):
        return False
    return data.get("kind") == KIND and str(data.get("apiVersion", "")).startswith("serving.kserve.io/")


class Reading(Parts):
    """Reads one graph of a document, noting what it meets."""

    def nodes(self) -> dict[str, Node]:
        """All nodes.

        Raises
        ------
        FormatError
            When there is none, or no ``root``, or a part of the wrong type.
        """
        found = self.mapping(("spec", "nodes"))
        if not found:
            raise self.error("the InferenceGraph has no nodes", ("spec",), "add spec.nodes.root with its steps")
        if "root" not in found:
            hint = f"rename one of {', '.join(map(str, list(found)[:5]))} to root"
            raise self.error(
                "the InferenceGraph has no node `root`, where every request starts", ("spec", "nodes"), hint
            )
        nodes = {str(name): self._node(str(name), ("spec", "nodes", name)) for name in found}
        if sum(len(node.steps) for node in nodes.values()) > _STEPS:
            raise self.error(f"more than {_STEPS} steps", ("spec", "nodes"), "split the pipeline")
        return nodes

    def kept(self, name: str) -> dict[str, Any]:
        """What only KServe knows of the graph, but for secrets."""
        kept: dict[str, Any] = {}
        metadata = self.mapping(("metadata",))
        for key in metadata:
            if key == "namespace" and self.text(("metadata", key)):
                kept["namespace"] = self.text(("metadata", key))
            elif key in ("labels", "annotations"):
                kept[str(key)] = dict(self.texts(("metadata", key)))
            elif key != "name":
                self.note("lost", f"metadata.{key}", "belongs to the cluster, not to the pipeline", ("metadata", key))
        if (own := self.text(("metadata", "name"))) != name:
            kept["name"] = own
            self.note("inferred", "metadata.name", f"the pipeline is called {name}", ("metadata", "name"))
        spec = self.mapping(("spec",))
        if others := {str(k): v for k, v in spec.items() if k != "nodes"}:
            kept["spec"] = without_secrets(others)
            for key in others:
                self.note("kept", f"spec.{key}", "is for the graph's router: kept under `kserve`", ("spec", key))
        data = self.at(())
        for key in data if isinstance(data, dict) else ():
            if key not in ("apiVersion", "kind", "metadata", "spec"):
                self.note("lost", str(key), "is what the cluster says about the graph, or unknown", (key,))
        return {k: v for k, v in kept.items() if v}

    def _node(self, name: str, path: Path) -> Node:
        node = self.mapping(path)
        router = self.text((*path, "routerType"))
        if router not in ROUTERS:
            place = (*path, "routerType") if "routerType" in node else path
            raise self.error(f"node {name}: routerType is {router!r}", place, f"use one of {', '.join(ROUTERS)}")
        for key in node:
            if key not in ("routerType", "steps"):
                self.note("lost", f"{name}.{key}", "is no part of a node", (*path, key))
        steps = self.at((*path, "steps"))
        if steps is None:
            steps = []
        if not isinstance(steps, list):
            raise self.error(f"node {name}: steps is no list", (*path, "steps"), "write `- name: …` for each step")
        if len(steps) > _STEPS:
            raise self.error(f"more than {_STEPS} steps", path, "split the pipeline")
        return Node(name, router, tuple(self._step(name, (*path, "steps", i)) for i in range(len(steps))))

    def _step(self, node: str, path: Path) -> Step:
        step = self.mapping(path)
        for key in step:
            if key not in _KNOWN:
                self.note("lost", f"{node}.{key}", "is no part of a step", (*path, key))
        given = [key for key in _TARGETS if step.get(key)]
        if len(given) != 1:
            what = " and ".join(given) or "nothing to call"
            hint = f"give the step one of {', '.join(_TARGETS)}"
            raise self.error(f"a step of the node {node} has {what}", path, hint)
        weight = step.get("weight")
        if weight is not None and (isinstance(weight, bool) or not isinstance(weight, int) or not 0 <= weight <= 100):
            raise self.error("weight is no whole number up to 100", (*path, "weight"), "write the percentage")
        return Step(
            node,
            path,
            name=self.text((*path, "name")),
            target=self.text((*path, "nodeName")),
            service=self.text((*path, "serviceName")),
            url=self.text((*path, "serviceUrl")),
            data=self.text((*path, "data")),
            weight=int(weight or 0),
            condition=self.text((*path, "condition")),
            dependency=self.text((*path, "dependency")),
        )
