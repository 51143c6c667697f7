"""A GMConnector's document as typed records, read tolerantly: every oddity is noted, nothing is interpreted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from opea_nb.formats.gmc.steps import step_of
from opea_nb.formats.resources import Parts
from opea_nb.formats.yaml_text import Document, Path

GROUP = "gmc.opea.io/"
KIND = "GMConnector"
_STEPS = 300
_KNOWN = frozenset(
    {"name", "nodeName", "internalService", "externalService", "data", "condition", "dependency", "serviceUrl"}
)


@dataclass(frozen=True, slots=True)
class Record:
    """One step: fields as in the CRD, with where it stands."""

    step: str
    node: str
    path: Path
    service: str = ""
    config: Mapping[str, str] = field(default_factory=dict)
    downstream: bool = False
    target: str = ""
    external: str = ""
    data: str = ""
    condition: str = ""
    dependency: str = ""
    given: str = ""
    """The step's name as it is written, where `step` is what it means."""
    namespace: str = ""

    @property
    def label(self) -> str:
        """What messages call it."""
        return self.service or self.step


@dataclass(frozen=True, slots=True)
class Node:
    """A router node: its type and steps."""

    name: str
    router: str
    steps: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Connector:
    """One GMConnector."""

    name: str
    namespace: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    router: Mapping[str, Any]
    nodes: Mapping[str, Node]


def is_connector(data: object) -> bool:
    """Whether a parsed document is a GMConnector."""
    if not isinstance(data, Mapping):
        return False
    return data.get("kind") == KIND and str(data.get("apiVersion", "")).startswith(GROUP)


class Reading(Parts):
    """Reads one connector of a document, noting what it meets."""

    def __init__(self, document: Document, base: Path) -> None:
        super().__init__(document, base)
        self._count = 0

    def connector(self) -> Connector:
        """The connector as records.

        Raises
        ------
        FormatError
            When it has no nodes, no ``root``, or a part of the wrong type.
        """
        metadata = self.mapping(("metadata",))
        spec = self.mapping(("spec",))
        nodes = self.mapping(("spec", "nodes"))
        if not nodes:
            raise self.error("the GMConnector has no nodes", ("spec",), "add spec.nodes.root with its steps")
        if "root" not in nodes:
            hint = f"rename one of {', '.join(map(str, list(nodes)[:5]))} to root"
            raise self.error("the GMConnector has no node `root`, where every request starts", ("spec", "nodes"), hint)
        for key in metadata:
            if key not in ("name", "namespace", "labels", "annotations"):
                self.note("lost", f"metadata.{key}", "belongs to the cluster, not to the pipeline", ("metadata", key))
        for key in spec:
            if key not in ("nodes", "routerConfig"):
                self.note("lost", f"spec.{key}", "is no part of a GMConnector", ("spec", key))
        data = self.at(())
        for key in data if isinstance(data, dict) else ():
            if key not in ("apiVersion", "kind", "metadata", "spec"):
                self.note("lost", str(key), "is what the cluster says about the pipeline, or unknown", (key,))
        found = {str(name): self._node(str(name), ("spec", "nodes", name)) for name in nodes}
        router = self.mapping(("spec", "routerConfig"))
        self._namespace("routerConfig", ("spec", "routerConfig"))
        return Connector(
            self.text(("metadata", "name")),
            self.text(("metadata", "namespace")),
            self.texts(("metadata", "labels")),
            self.texts(("metadata", "annotations")),
            {str(key): self._plain(("spec", "routerConfig", key)) for key in router if key != "nameSpace"},
            found,
        )

    def _node(self, name: str, path: Path) -> Node:
        node = self.mapping(path)
        router = self.text((*path, "routerType"))
        if router not in ("Sequence", "Ensemble", "Switch"):
            place = (*path, "routerType") if "routerType" in node else path
            raise self.error(f"node {name}: routerType is {router!r}", place, "use Sequence, Ensemble or Switch")
        for key in node:
            if key not in ("routerType", "steps"):
                self.note("lost", f"{name}.{key}", "is no part of a node", (*path, key))
        steps = self.at((*path, "steps"))
        if steps is None:
            steps = []
        if not isinstance(steps, list):
            raise self.error(f"node {name}: steps is no list", (*path, "steps"), "write `- name: …` for each step")
        self._count += len(steps)
        if self._count > _STEPS:
            raise self.error(f"more than {_STEPS} steps", path, "split the pipeline")
        return Node(name, router, tuple(self._step(name, (*path, "steps", i)) for i in range(len(steps))))

    def _step(self, node: str, path: Path) -> Record:
        step = self.mapping(path)
        for key in step:
            if key not in _KNOWN:
                self.note("lost", f"{node}.{key}", "is no part of a step", (*path, key))
        inner = (*path, "internalService")
        internal = self.mapping(inner)
        for key in internal:
            if key not in ("serviceName", "nameSpace", "config", "isDownstreamService"):
                self.note("lost", f"{node}.{key}", "is no part of an internal service", (*inner, key))
        self._namespace(node, inner)
        downstream = internal.get("isDownstreamService", False)
        if not isinstance(downstream, bool):
            raise self.error("isDownstreamService is neither true nor false", (*inner, "isDownstreamService"))
        given = self.text((*path, "name"))
        if (name := step_of(given)) != given:
            reason = f"GMC has no step of this name; it is read as {name}"
            self.note("inferred", f"{node}: {given}", reason, (*path, "name"))
        return Record(
            name,
            node,
            path,
            service=self.text((*inner, "serviceName")),
            config=self.texts((*inner, "config")),
            downstream=downstream,
            target=self.text((*path, "nodeName")),
            external=self.text((*path, "externalService")),
            data=self.text((*path, "data")),
            condition=self.text((*path, "condition")),
            dependency=self.text((*path, "dependency")),
            given=given,
            namespace=self.text((*inner, "nameSpace")),
        )

    def _namespace(self, item: str, path: Path) -> None:
        """Note a namespace that is not the resource's own."""
        place = (*path, "nameSpace")
        given = self.text(place)
        if given and given != self.text(("metadata", "namespace")):
            reason = "what is in another namespace makes the controller give up; it goes where the others are"
            self.note("lost", f"{item}.nameSpace", reason, place)

    def _plain(self, path: Path) -> Any:
        value = self.at(path)
        return self.texts(path) if isinstance(value, dict) else self.text(path)
