"""An InferenceGraph becomes a pipeline."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from opea_nb.catalog import GENERIC, Catalog
from opea_nb.formats.conversion import Imported
from opea_nb.formats.draft import Draft, pipeline_name
from opea_nb.formats.kserve import conditions
from opea_nb.formats.kserve.records import Node, Reading, Step
from opea_nb.formats.yaml_text import Document, Path
from opea_nb.pipeline import MAIN
from opea_nb.pipeline import when as when_
from opea_nb.pipeline.hosts import host_name
from opea_nb.pipeline.when import Allowed

OWN = "kserve"
"""The extra key that holds what only KServe knows."""
WEIGHT = "weight"
"""A service's extra key: the percentage of requests that its branch gets, where branches share them out."""
RESPONSE = "$response"

_DEEP = 40
_URL = re.compile(r"https?://[^/\s?#@]+(/[^\s?#]*)?(\?[^\s#]*)?")
_Tests = Mapping[str, Allowed]


def read_graph(document: Document, base: Path, catalog: Catalog) -> Imported:
    """The pipeline of the graph at `base`.

    Raises
    ------
    FormatError
        When it is unsound; points into the file.
    """
    reading = Reading(document, base)
    nodes = reading.nodes()
    wanted = reading.text(("metadata", "name"))
    name = pipeline_name(wanted)
    kept = reading.kept(name)
    walk = _Walk(nodes, reading, Draft(catalog, document.source))
    walk.node(nodes["root"], (), {}, at_start=True)
    for other in nodes:
        if other not in walk.visited:
            reading.note("lost", f"node {other}", "no step leads to it", ("spec", "nodes", other))
    if not walk.draft.graph:
        raise reading.error("the InferenceGraph calls no service", ("spec", "nodes"), "give a step a serviceUrl")
    made = walk.draft.finish(name, document_extra={OWN: kept} if kept else {})
    return Imported(made.pipeline, (*reading.notes, *made.notes))


class _Walk:
    """Follows the nodes from the root, and draws what they call."""

    def __init__(self, nodes: Mapping[str, Node], reading: Reading, draft: Draft) -> None:
        self.nodes, self.reading, self.draft = nodes, reading, draft
        self.visited: list[str] = []
        self.open: list[str] = []

    def node(self, node: Node, heads: tuple[str, ...], when: _Tests, *, at_start: bool) -> tuple[str, ...]:
        """Draw a node's calls, fed by `heads`; gives the services whose answers leave it."""
        self.visited.append(node.name)
        self.open.append(node.name)
        if not node.steps:
            self.reading.note("inferred", f"node {node.name}", "has nothing to call", ("spec", "nodes", node.name))
        outs = heads if not node.steps else ()
        if node.router == "Sequence":
            outs = self._sequence(node, heads, when, at_start=at_start)
        elif node.router == "Switch":
            outs = self._switch(node, heads, when, at_start=at_start) or outs
        else:
            for step in node.steps:
                extra: dict[str, Any] = self._unasked(step)
                if node.router == "Splitter":
                    extra[WEIGHT] = step.weight
                outs += self.step(step, heads, when, extra, at_start=at_start)
            if node.router == "Splitter" and node.steps:
                names = " and ".join(step.label for step in node.steps[:4])
                reason = "KServe shares requests out among them by weight; here each request goes to all"
                self.reading.note("inferred", names, reason, ("spec", "nodes", node.name))
        self.open.pop()
        return tuple(dict.fromkeys(outs))

    def _sequence(self, node: Node, heads: tuple[str, ...], when: _Tests, *, at_start: bool) -> tuple[str, ...]:
        for index, step in enumerate(node.steps):
            extra = self._unasked(step)
            if index and step.data != RESPONSE:
                extra.setdefault(OWN, {})["data"] = step.data or "$request"
                reason = "KServe gives this step the node's request again; here it follows the step before it"
                self.reading.note("kept", f"{step.label}: data", reason, step.path)
            heads = self.step(step, heads, when, extra, at_start=at_start and not index)
        return heads

    def _switch(self, node: Node, heads: tuple[str, ...], when: _Tests, *, at_start: bool) -> tuple[str, ...]:
        before: dict[str, Allowed] = {}
        outs: tuple[str, ...] = ()
        for step in node.steps:
            found = conditions.read(step.condition) if at_start else None
            if not step.condition:
                reason = "has no condition, so that KServe's router never picks it; here it takes what fits no other"
                self.reading.note("inferred", step.label, reason, step.path)
            elif found is None:
                why = "is a query that is not understood" if at_start else "is asked of what the step before gave"
                reason = f"{why}; here the step always runs: {step.condition[:80]}"
                self.reading.note("kept", f"{step.label}: condition", reason, (*step.path, "condition"))
                own = {OWN: {"condition": step.condition}}
                outs += self.step(step, heads, when, own, at_start=at_start)
                continue
            tests = self._first(step, dict([found]) if found else {}, before)
            outs += self.step(step, heads, when_.both(when, tests), self._unasked(step, ""), at_start=at_start)
        return outs

    def _first(self, step: Step, tests: dict[str, Allowed], before: dict[str, Allowed]) -> _Tests:
        """A branch's tests, without what a branch before it takes: KServe runs the first that fits."""
        for path, taken in before.items():
            if path not in tests and tests:
                reason = "KServe runs it only where no branch before it fits; here both run where both do"
                self.reading.note("inferred", step.label, reason, step.path)
                continue
            rest = when_.both({path: tests[path]} if path in tests else {}, {path: _not(taken)})
            if rest[path].values or rest[path].negated:
                tests[path] = rest[path]
            else:
                reason = "a branch before it takes all that fits; here both run"
                self.reading.note("inferred", step.label, reason, step.path)
        for path, test in tests.items():
            before[path] = _not(when_.both({path: _not(before.get(path, test))}, {path: _not(test)})[path])
        return tests

    def _unasked(self, step: Step, condition: str | None = None) -> dict[str, Any]:
        """What of a step only KServe knows."""
        own: dict[str, Any] = {}
        if asked := step.condition if condition is None else condition:
            own["condition"] = asked
            reason = f"is asked of what the step before gave; here the step always runs: {asked[:80]}"
            self.reading.note("kept", f"{step.label}: condition", reason, (*step.path, "condition"))
        if step.dependency:
            own["dependency"] = step.dependency
        return {OWN: own} if own else {}

    def step(
        self, step: Step, heads: tuple[str, ...], when: _Tests, extra: dict[str, Any], *, at_start: bool
    ) -> tuple[str, ...]:
        """Draw what a step calls; gives the services whose answers leave it."""
        if step.target:
            return self._nested(step, heads, when, extra, at_start=at_start)
        if when:
            extra = {**extra, when_.WHEN: when_.data(when)}
        name = self._service(step, extra)
        for head in heads:
            self.draft.edge(head, name)
        return (name,)

    def _nested(
        self, step: Step, heads: tuple[str, ...], when: _Tests, extra: dict[str, Any], *, at_start: bool
    ) -> tuple[str, ...]:
        node, place = self.nodes.get(step.target), (*step.path, "nodeName")
        if node is None:
            hint = f"nodes: {', '.join(list(self.nodes)[:10])}"
            raise self.reading.error(f"there is no node {step.target!r}", place, hint)
        if node.name in self.open:
            circle = " → ".join((*self.open[self.open.index(node.name) :], node.name))
            raise self.reading.error(f"the node calls itself: {circle}", place, "lead to another node")
        if len(self.open) >= _DEEP:
            raise self.reading.error(f"nodes are nested more than {_DEEP} deep", place, "split the pipeline")
        if node.name in self.visited:
            reason = f"the node {node.name} is called a second time; only the first call is read"
            self.reading.note("lost", step.label, reason, step.path)
            return heads
        weight = extra.pop(WEIGHT, None)
        for key, value in extra.get(OWN, {}).items():
            if key != "condition" or value:
                reason = f"a step that leads to a node cannot carry it: {str(value)[:80]!r}"
                self.reading.note("lost", f"{step.label}: {key}", reason, step.path)
        count = len(self.draft.graph)
        outs = self.node(node, heads, when, at_start=at_start)
        drawn = list(self.draft.graph)[count:]
        if weight is not None and drawn:
            self._weigh(drawn[0], weight)
        return outs

    def _weigh(self, name: str, weight: int) -> None:
        spec = self.draft.graph.nodes[name]["spec"]
        self.draft.graph.nodes[name]["spec"] = replace(spec, extra={**spec.extra, WEIGHT: weight})

    def _service(self, step: Step, extra: dict[str, Any]) -> str:
        draft = self.draft
        where = "{}:{}:{}".format(
            self.reading.document.source, *self.reading.document.position((*self.reading.base, *step.path))
        )
        name = step.name or step.service or host_name(_host(step.url))
        if not step.name:
            draft.note("inferred", name, "its step has no name", where)
        own: dict[str, Any] = dict(extra.pop(OWN, {}))
        url, endpoint, port = step.url, "", 0
        if step.service:
            own["serviceName"] = step.service
            namespace = self.reading.text(("metadata", "namespace")) or "default"
            url = f"http://{host_name(step.service)}.{host_name(namespace)}.svc.cluster.local"
            reason = f"calls the InferenceService {step.service}; set its url where that is not {url}"
            draft.note("inferred", name, reason, where)
        elif not _URL.fullmatch(url) or _port(url) is None:
            draft.note("lost", f"{name}: serviceUrl", f"{url[:80]!r} is no address", where)
            url = ""
        else:
            parts = urlsplit(url)
            mine = parts.scheme == "http" and parts.hostname == host_name(step.name) and not parts.query
            if step.name and mine:
                url, endpoint, port = "", parts.path or "/", _port(step.url) or 0
        component = draft.catalog.find(name=name, endpoint=endpoint or urlsplit(url).path, role="service")
        if component.kind == GENERIC:
            draft.note("inferred", name, "its address is none of the catalogue's: taken as a service of JSON", where)
        if own:
            extra = {**extra, OWN: own}
        port = 0 if port == component.port else port
        # all steps are of the main flow, whatever their components say
        return draft.service(name, component.kind, flows=(MAIN,), url=url, endpoint=endpoint, port=port, extra=extra)


def _host(url: str) -> str:
    """The host of an address; empty where it is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _port(url: str) -> int | None:
    """An address's port; ``None`` where it is no address."""
    try:
        parts = urlsplit(url)
        return (parts.port or {"http": 80, "https": 443}.get(parts.scheme)) if parts.hostname else None
    except ValueError:
        return None


def _not(test: Allowed) -> Allowed:
    return Allowed(test.values, not test.negated)
