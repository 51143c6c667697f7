"""A connector's nodes as a flow: which service follows which, and on what condition each runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from opea_nb.formats.gmc import conditions
from opea_nb.formats.gmc.records import Connector, Node, Reading, Record
from opea_nb.pipeline.when import Allowed, both, exclusive, implies

_EDGES = 1500
_DEEP = 40


@dataclass(frozen=True, slots=True)
class Call:
    """A step that the router calls: its record, and the tests under which it runs."""

    record: Record
    when: Mapping[str, Allowed]
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Flow:
    """What the router does with a request."""

    calls: list[Call] = field(default_factory=list)
    edges: dict[tuple[int, int], None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Part:
    """A step of a node, done: its condition within the node, and the calls whose answers it gives."""

    when: Mapping[str, Allowed]
    outs: tuple[int, ...]


def flow_of(connector: Connector, reading: Reading) -> Flow:
    """Follow the nodes from ``root``.

    Raises
    ------
    FormatError
        For a node that is not there or that calls itself.
    """
    walk = _Walk(connector, reading)
    walk.node(connector.nodes["root"], (), {})
    for name in connector.nodes:
        if name not in walk.visited:
            reading.note("lost", f"node {name}", "no step leads to it", ("spec", "nodes", name))
    return walk.flow


class _Walk:
    def __init__(self, connector: Connector, reading: Reading) -> None:
        self.connector, self.reading = connector, reading
        self.flow = Flow()
        self.visited: list[str] = []
        self.open: list[str] = []

    def node(self, node: Node, heads: tuple[int, ...], when: Mapping[str, Allowed]) -> tuple[int, ...]:
        """Add a node's calls, fed by `heads`; gives the calls whose answers leave it."""
        self.visited.append(node.name)
        self.open.append(node.name)
        parts: list[_Part] = []
        for record in node.steps:
            if record.downstream and not record.target:
                if node.router == "Ensemble":
                    reason = "the router would call it; it is read as an engine"
                    self.reading.note("inferred", record.label, reason, record.path)
                continue
            if node.router == "Ensemble":
                parts.append(_Part({}, self.step(record, heads, when, {})))
                continue
            condition, extra = self.condition(record, node)
            inner = both(when, condition)
            feeding = _before(parts, condition)
            if feeding and record.data != "$response":
                extra["data"] = record.data
                reason = "the router gives this step the node's request again; here it follows the step before it"
                self.reading.note("kept", f"{record.label}: data", reason, record.path)
            parts.append(_Part(condition, self.step(record, feeding or heads, inner, extra)))
        self.open.pop()
        if not parts:
            where = ("spec", "nodes", node.name)
            self.reading.note("inferred", f"node {node.name}", "has nothing to call; the router would crash", where)
            return heads
        if node.router == "Ensemble":
            return tuple(out for part in parts for out in part.outs)
        return _before(parts, {})

    def step(
        self, record: Record, heads: tuple[int, ...], when: Mapping[str, Allowed], extra: dict[str, str]
    ) -> tuple[int, ...]:
        if record.dependency:
            extra["dependency"] = record.dependency
        if record.target:
            for key, value in extra.items():
                reason = f"a step that leads to a node cannot carry it: {value!r}"
                self.reading.note("lost", f"{record.label}: {key}", reason, record.path)
            return self.nested(record, heads, when)
        index = len(self.flow.calls)
        self.flow.calls.append(Call(record, when, extra))
        for head in heads:
            self.flow.edges[head, index] = None
        if len(self.flow.edges) > _EDGES:
            raise self.reading.error(f"more than {_EDGES} connections", record.path, "split the pipeline")
        return (index,)

    def nested(self, record: Record, heads: tuple[int, ...], when: Mapping[str, Allowed]) -> tuple[int, ...]:
        node = self.connector.nodes.get(record.target)
        place = (*record.path, "nodeName")
        if node is None:
            hint = f"nodes: {', '.join(list(self.connector.nodes)[:10])}"
            raise self.reading.error(f"there is no node {record.target!r}", place, hint)
        if node.name in self.open:
            circle = " → ".join((*self.open[self.open.index(node.name) :], node.name))
            raise self.reading.error(f"the node calls itself: {circle}", place, "lead to another node")
        if len(self.open) >= _DEEP:
            raise self.reading.error(f"nodes are nested more than {_DEEP} deep", place, "split the pipeline")
        if node.name in self.visited:
            reason = f"the node {node.name} is called a second time; only the first call is read"
            self.reading.note("lost", record.label, reason, record.path)
            return heads
        if record.service or record.external:
            self.reading.note("lost", record.label, "a step that leads to a node calls no service", record.path)
        return self.node(node, heads, when)

    def condition(self, record: Record, node: Node) -> tuple[dict[str, Allowed], dict[str, str]]:
        if not record.condition:
            return {}, {}
        found = conditions.read(record.condition) if node.router == "Switch" else None
        if found is None:
            where = "a query that is not understood" if node.router == "Switch" else "asked of the step before"
            reason = f"{where}; here the step always runs: {record.condition[:80]}"
            self.reading.note("kept", f"{record.label}: condition", reason, (*record.path, "condition"))
            return {}, {"query" if node.router == "Switch" else "condition": record.condition}
        path, test, widened = found
        if widened:
            reason = "takes the requests that fit no other branch as well"
            self.reading.note("inferred", f"{record.label}: condition", reason, (*record.path, "condition"))
        return {path: test}, {}


def _before(parts: list[_Part], when: Mapping[str, Allowed]) -> tuple[int, ...]:
    """Whose answer a step gets that runs under `when`: the last one that ran, whichever that is."""
    chosen: list[_Part] = []
    for part in reversed(parts):
        if exclusive(part.when, when) or any(implies(part.when, later.when) for later in chosen):
            continue
        chosen.append(part)
        if implies(when, part.when):
            break
    return tuple(sorted({out for part in chosen for out in part.outs}))
