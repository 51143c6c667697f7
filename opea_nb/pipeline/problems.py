"""What would keep a pipeline from running, found before anything runs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import networkx as nx

from opea_nb.catalog import Catalog, Component, PortType
from opea_nb.pipeline.edit import edges_in, members, spec, specs
from opea_nb.pipeline.sharing import apart
from opea_nb.pipeline.spec import MAIN, Service

if TYPE_CHECKING:
    Graph = nx.DiGraph[str]

ANYTHING = "json"
"""The facet that stands for any JSON: a generic service takes and gives whatever there is."""

_START = ("query", "messages", "audio", "image", ANYTHING)
_SECRET = re.compile(r"(api_?key|token|secret|password)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding.

    Parameters
    ----------
    severity
        ``error`` (it cannot run) or ``warning``.
    code
        What kind of finding, as a stable word: ``missing-input``, ``port-clash``, ``unknown-kind``, ``unconnected``,
        ``secret-value``, ``empty``, ``apart`` (two services that should share a store do not).
    node
        The service it is about; empty for the pipeline.
    hint
        The next step.
    """

    severity: Literal["error", "warning"]
    code: str
    message: str
    node: str = ""
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.severity}: {self.message}" + (f"\n  → {self.hint}" if self.hint else "")


def find_problems(graph: Graph, catalog: Catalog) -> tuple[Problem, ...]:
    """All findings, errors first, then by service."""
    found: list[Problem] = []
    nodes = specs(graph)
    unknown = {n for n, node in nodes.items() if node.kind not in catalog}
    for name in sorted(unknown):
        message = f"{name}: the catalogue has no component {nodes[name].kind!r}"
        found.append(Problem("error", "unknown-kind", message, name, "load the catalogue file that has it"))
    if not any(isinstance(node, Service) for node in nodes.values()):
        found.append(
            Problem("error", "empty", "the pipeline has no services", "", "add one: pipeline.add('embedding')")
        )
    if not unknown:
        for flow in graph.graph["flows"]:
            found += _missing_inputs(graph, catalog, flow)
        found += _unconnected(graph, catalog)
        found += _apart(graph, catalog)
    found += _port_clashes(graph, catalog)
    found += _secrets(graph)
    return tuple(sorted(found, key=lambda p: (p.severity, p.node, p.code, p.message)))


def unfit(graph: Graph, catalog: Catalog, source: str, target: str, flow: str = MAIN) -> str:
    """Why an edge from source to target would make no sense, in one sentence; empty when it is fine."""
    a, b = spec(graph, source), spec(graph, target)
    if not isinstance(a, Service) or not isinstance(b, Service):
        engine = source if not isinstance(a, Service) else target
        return f"{engine} is an engine: a service uses it, nothing flows through it"
    if source == target:
        return f"{source} cannot feed itself"
    if a.kind not in catalog or b.kind not in catalog:
        return ""
    part: Graph = nx.DiGraph(edges_in(graph, flow))
    if part.has_edge(source, target):
        return f"{source} is already connected to {target}"
    if part.has_node(target) and part.has_node(source) and nx.has_path(part, target, source):
        return f"{target} comes before {source}: this would close a circle"
    return _type_mismatch(source, catalog[a.kind], target, catalog[b.kind], catalog)


def _type_mismatch(source: str, a: Component, target: str, b: Component, catalog: Catalog) -> str:
    gives = catalog.port_type(a.output).gives
    wants = catalog.port_type(b.input)
    takes_anything = ANYTHING in wants.uses and not wants.needs
    if ANYTHING in gives or takes_anything or set(gives) & {*wants.needs, *wants.uses}:
        return ""
    between = _between(gives, wants, catalog)
    what = f"{source} gives {_words(gives)}, {target} takes {_words(wants.needs)}"
    return f"{what}: put {between} between" if between else what


def _between(gives: tuple[str, ...], wants: PortType, catalog: Catalog) -> str:
    """A kind that takes what there is and gives what is wanted."""
    missing = set(wants.needs) - set(_START)
    for component in catalog.values():
        if component.role != "service" or ANYTHING in catalog.port_type(component.output).gives or component.flow:
            continue
        takes = catalog.port_type(component.input)
        offers = set(catalog.port_type(component.output).gives)
        if offers & (missing or set(wants.uses)) and set(takes.needs) <= set(gives) | set(_START):
            return f"{_article(component.kind)} {component.kind}"
    return ""


def _missing_inputs(graph: Graph, catalog: Catalog, flow: str) -> list[Problem]:
    part: Graph = nx.DiGraph()
    part.add_nodes_from(members(graph, flow))
    part.add_edges_from(edges_in(graph, flow))
    known: dict[str, set[str]] = {}
    found = []
    for name in nx.lexicographical_topological_sort(part):
        component = catalog[graph.nodes[name]["kind"]]
        have = set(_START).union(*(known[p] for p in part.predecessors(name)))
        wants = catalog.port_type(component.input)
        missing = tuple(f for f in wants.needs if f not in have)
        before = {graph.nodes[p]["kind"] for p in nx.ancestors(part, name)}
        generic = any(ANYTHING in catalog.port_type(catalog[k].output).gives for k in before)
        if missing and not generic:
            by = [
                c.kind
                for c in catalog.values()
                if c.role == "service" and missing[0] in _gives(c, catalog) and missing[0] not in _needs(c, catalog)
            ]
            hint = f"put {_article(by[0])} {by[0]} before it" if by else ""
            message = f"{name} needs {_words(missing)}, which no step before it gives"
            found.append(Problem("error", "missing-input", message, name, hint))
        known[name] = have | set(_gives(component, catalog))
    return found


def _gives(component: Component, catalog: Catalog) -> tuple[str, ...]:
    return catalog.port_type(component.output).gives if component.output else ()


def _needs(component: Component, catalog: Catalog) -> tuple[str, ...]:
    return catalog.port_type(component.input).needs if component.input else ()


def _apart(graph: Graph, catalog: Catalog) -> list[Problem]:
    return [
        Problem(
            "warning",
            "apart",
            f"{name} does not find what {writer} stores: they are told {difference}",
            name,
            f"tell only one of them, or both the same, so that {name} and {writer} share a store",
        )
        for name, writer, difference in apart(graph, catalog)
    ]


def _unconnected(graph: Graph, catalog: Catalog) -> list[Problem]:
    edges = edges_in(graph, MAIN)
    if not edges:
        return []
    touched = {n for edge in edges for n in edge}
    return [
        Problem(
            "warning", "unconnected", f"{n} is connected to nothing", n, "connect it, or put it into a flow of its own"
        )
        for n in members(graph, MAIN)
        if n not in touched and graph.nodes[n]["kind"] in catalog
    ]


def _port_clashes(graph: Graph, catalog: Catalog) -> list[Problem]:
    owners: dict[int, str] = {}
    found = []
    for name, node in sorted(specs(graph).items()):
        port = node.port or (catalog[node.kind].port if node.kind in catalog else 0)
        if not isinstance(node, Service) or node.url or not port:
            continue
        if port in owners:
            message = f"{name} and {owners[port]} both have port {port}"
            found.append(Problem("error", "port-clash", message, name, f"give {name} another port"))
        owners.setdefault(port, name)
    return found


def _secrets(graph: Graph) -> list[Problem]:
    found = []
    for name, node in specs(graph).items():
        for key, value in node.environment.items():
            if _SECRET.search(key) and value and not re.fullmatch(r"\$\{\w+\}", value):
                hint = f"set {key} where you deploy, and write ${{{key}}} here"
                found.append(
                    Problem("warning", "secret-value", f"{name}: {key} looks like a secret in plain text", name, hint)
                )
    return found


def _words(facets: tuple[str, ...]) -> str:
    names = {
        "query": "a question",
        "embedding": "a vector",
        "answer": "an answer",
        "verdict": "a verdict",
        "audio": "sound",
        "image": "an image",
        "video": "a video",
    }
    return " and ".join(names.get(f, f) for f in facets) or "nothing"


def _article(word: str) -> str:
    return "an" if word[:1] in "aeiou" or word.startswith("llm") else "a"
