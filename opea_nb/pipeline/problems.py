"""What would keep a pipeline from running, found before anything runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from opea_nb.catalog import Catalog
from opea_nb.errors import PipelineError
from opea_nb.pipeline import when
from opea_nb.pipeline.edit import edges_in, members, specs
from opea_nb.pipeline.matching import Matching, article, words
from opea_nb.pipeline.secrets import is_plain_secret, reference
from opea_nb.pipeline.sharing import apart
from opea_nb.pipeline.spec import MAIN, MegaService, Service

if TYPE_CHECKING:
    import networkx as nx

    Graph = nx.DiGraph[str]


Code = Literal[
    "apart",
    "condition",
    "empty",
    "endpoint-clash",
    "missing-input",
    "port-clash",
    "secret-value",
    "unconnected",
    "unknown-kind",
]


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding.

    Parameters
    ----------
    severity
        ``error`` (it cannot run) or ``warning``.
    code
        What kind of finding, as a stable word: ``missing-input``, ``port-clash``, ``endpoint-clash`` (two flows are
        asked at one path), ``unknown-kind``, ``unconnected``, ``secret-value``, ``empty``, ``apart`` (two services that
        should share a store do not), ``condition`` (a ``when`` that is none).
    node
        The service it is about; empty for the pipeline.
    hint
        The next step.
    flow
        The flow that it is about; empty where it is about no one flow.
    about
        What else it is about: the missing facet, the variable, the other service; empty where nothing else.
    """

    severity: Literal["error", "warning"]
    code: Code
    message: str
    node: str = ""
    hint: str = ""
    flow: str = ""
    about: str = ""

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
    matching = Matching(catalog)
    for flow in graph.graph["flows"]:
        found += _missing_inputs(graph, matching, flow)
    found += _unconnected(graph, catalog)
    found += _apart(graph, catalog)
    found += _port_clashes(graph, catalog)
    found += _endpoint_clashes(graph)
    found += _secrets(graph)
    found += _conditions(graph)
    return tuple(sorted(found, key=lambda p: (p.severity, p.node, p.code, p.message)))


def known_facets(graph: Graph, matching: Matching, flow: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Each service of a flow, in flow order, and the facets that the steps before it give."""
    before: dict[str, list[str]] = {name: [] for name in members(graph, flow)}
    after: dict[str, list[str]] = {name: [] for name in before}
    for source, target in edges_in(graph, flow):
        before[target].append(source)
        after[source].append(target)
    left = {name: len(sources) for name, sources in before.items()}
    ready = [name for name, count in left.items() if not count]
    known: dict[str, frozenset[str]] = {}
    while ready:
        name = ready.pop()
        have = frozenset[str]().union(*(known[n] for n in before[name]))
        yield name, have
        known[name] = have.union(matching.given_by(graph.nodes[name]["kind"]))
        for target in after[name]:
            left[target] -= 1
            if not left[target]:
                ready.append(target)


def _missing_inputs(graph: Graph, matching: Matching, flow: str) -> Iterator[Problem]:
    for name, have in known_facets(graph, matching, flow):
        missing = matching.missing(graph.nodes[name]["kind"], have)
        if missing:
            giver = next(matching.givers(missing[0]), "")
            hint = f"put {article(giver)} {giver} before it" if giver else ""
            message = f"{name} needs {words(missing)}, which no step before it gives"
            yield Problem("error", "missing-input", message, name, hint, flow, missing[0])


def _conditions(graph: Graph) -> Iterator[Problem]:
    for name, node in specs(graph).items():
        if when.WHEN in node.extra:
            try:
                when.parse(node.extra[when.WHEN])
            except PipelineError as error:
                yield Problem("error", "condition", f"{name}: {error.message}", name, error.hint)


def _apart(graph: Graph, catalog: Catalog) -> list[Problem]:
    return [
        Problem(
            "warning",
            "apart",
            f"{name} does not find what {writer} stores: they are told {difference}",
            name,
            f"tell only one of them, or both the same, so that {name} and {writer} share a store",
            about=writer,
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
            "warning",
            "unconnected",
            f"{n} is connected to nothing",
            n,
            "connect it, or put it into a flow of its own",
            MAIN,
        )
        for n in members(graph, MAIN)
        if n not in touched and graph.nodes[n]["kind"] in catalog
    ]


def _port_clashes(graph: Graph, catalog: Catalog) -> list[Problem]:
    mega: MegaService = graph.graph["mega"]
    owners = {mega.port: ""}
    found = []
    for name, node in sorted(specs(graph).items()):
        port = node.port or (catalog[node.kind].port if node.kind in catalog else 0)
        if not isinstance(node, Service) or node.url or not port:
            continue
        if port in owners:
            message = f"{name} and {owners[port] or 'the gateway'} both have port {port}"
            hint = f"give {name} another port"
            found.append(Problem("error", "port-clash", message, name, hint, about=owners[port]))
        owners.setdefault(port, name)
    return found


def _endpoint_clashes(graph: Graph) -> Iterator[Problem]:
    mega: MegaService = graph.graph["mega"]
    owners: dict[str, str] = {}
    for flow in graph.graph["flows"].values():
        path = mega.path_of(flow)
        if not members(graph, flow.name):
            continue
        if path in owners:
            message = f"the flows {owners[path]} and {flow.name} are both asked at {path}"
            yield Problem(
                "error", "endpoint-clash", message, "", f"give {flow.name} another endpoint", flow.name, owners[path]
            )
        owners.setdefault(path, flow.name)


def _secrets(graph: Graph) -> list[Problem]:
    found = []
    for name, node in specs(graph).items():
        for key, value in node.environment.items():
            if is_plain_secret(key, value):
                hint = f"set {key} where you deploy, and write {reference(key)} here"
                message = f"{name}: {key} looks like a secret in plain text"
                found.append(Problem("warning", "secret-value", message, name, hint, about=key))
    return found
