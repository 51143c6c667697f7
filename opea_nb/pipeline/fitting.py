"""What fits behind a service: which of the pipeline's own, and which of the catalogue; and for the others, why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opea_nb.catalog import Catalog, Component
from opea_nb.pipeline.edit import spec
from opea_nb.pipeline.matching import ANYTHING, START, Matching, article, engines_of, uses_any_engine, words
from opea_nb.pipeline.spec import MAIN, Engine, Service

if TYPE_CHECKING:
    import networkx as nx

    from opea_nb.pipeline.reading import ReadablePipeline

    Graph = nx.DiGraph[str]


@dataclass(frozen=True, slots=True)
class Fits:
    """What a wire that begins at one service or engine may end at.

    Parameters
    ----------
    targets
        Each other service and engine -> why not, in one sentence that names the nearest thing that is possible; empty
        where it fits.
    kinds
        Each kind of the catalogue, the likeliest first, and why it would not fit as a new one there; empty where it
        does.
    """

    targets: Mapping[str, str] = field(default_factory=dict)
    kinds: tuple[tuple[str, str], ...] = ()


def fits(pipeline: ReadablePipeline, source: str = "", *, flow: str = MAIN) -> Fits:
    """What fits behind a service, or beside an engine; for an empty source, what fits an empty place.

    Raises
    ------
    UnknownName
        When there is no such service or engine.
    """
    graph, matching = pipeline.graph, Matching(pipeline.catalog)
    if not source:
        return Fits({}, tuple((kind, "") for kind in pipeline.catalog))
    node = spec(graph, source)
    if isinstance(node, Engine):
        return _beside_engine(graph, matching, node)
    targets = dict(_targets(graph, matching, source, flow))
    return Fits(targets, tuple(_kinds(graph, matching, node, flow)))


def unfit(graph: Graph, catalog: Catalog, source: str, target: str, flow: str = MAIN) -> str:
    """Why a flow edge from source to target would make no sense, in one sentence; empty when it is fine."""
    for name in (source, target):
        if isinstance(spec(graph, name), Engine):
            return f"{name} is an engine: a service uses it, nothing flows through it"
    if source == target:
        return f"{source} cannot feed itself"
    return _unfit(_Place(graph, Matching(catalog), source, flow, _before(graph, source, flow)), target)


@dataclass(frozen=True, slots=True)
class _Place:
    """The place behind a service in a flow, and what comes before it."""

    graph: Graph
    matching: Matching
    source: str
    flow: str
    before: set[str]


def _unfit(place: _Place, target: str) -> str:
    graph, matching, source, flow = place.graph, place.matching, place.source, place.flow
    if graph.has_edge(source, target) and flow in graph.edges[source, target]["flows"]:
        return f"{source} is already connected to {target}"
    if target in place.before:
        return f"{target} comes before {source}: this would close a circle"
    a, b = graph.nodes[source]["kind"], graph.nodes[target]["kind"]
    if a not in matching.catalog or b not in matching.catalog:
        return ""
    if flow not in graph.nodes[target]["flows"] and (reason := _elsewhere(target, matching.catalog[b], flow)):
        return reason
    return matching.mismatch(source, a, target, b)


def _elsewhere(name: str, component: Component, flow: str) -> str:
    if component.flow in ("", flow):
        return ""
    return f"{name} is no step of this flow: it has one of its own, {component.flow}"


def _targets(graph: Graph, matching: Matching, source: str, flow: str) -> Iterator[tuple[str, str]]:
    place = _Place(graph, matching, source, flow, _before(graph, source, flow))
    kind = graph.nodes[source]["kind"]
    for name, data in graph.nodes(data=True):
        if name == source:
            continue
        if isinstance(data["spec"], Service):
            yield name, _unfit(place, name)
        elif graph.has_edge(source, name):
            yield name, f"{source} already uses {name}"
        else:
            yield name, _not_used(source, kind, name, data["kind"], matching.catalog)


def _kinds(graph: Graph, matching: Matching, node: Service, flow: str) -> Iterator[tuple[str, str]]:
    """The catalogue, for a place behind a service: the likeliest first, what does not fit last."""
    catalog, name, kind = matching.catalog, node.name, node.kind
    if kind not in catalog:
        yield from ((other, "") for other in catalog)
        return
    known = {f for n in (*_before(graph, name, flow), name) for f in matching.given_by(graph.nodes[n]["kind"])}
    ranked = []
    for other, component in catalog.items():
        if component.role == "engine":
            reason = _not_used(name, kind, other, other, catalog)
            rank = 5, 0
        else:
            reason = _elsewhere(other, component, flow) or matching.mismatch(name, kind, other, other)
            missing = matching.missing(other, known)
            if missing and not reason:
                giver = next(matching.givers(missing[0]), "")
                also = f": put {article(giver)} {giver} between" if giver else ""
                reason = f"{other} needs {words(missing)} as well, which no step before it gives{also}"
            rank = _rank(matching, kind, other)
        ranked.append(((9, 0) if reason else rank, other, reason))
    ranked.sort(key=lambda entry: entry[0])
    yield from ((other, reason) for _, other, reason in ranked)


def _rank(matching: Matching, source: str, target: str) -> tuple[int, int]:
    """What usually follows comes first, then what needs what the source gives, then what uses it."""
    usual = matching.catalog[source].then
    if target in usual:
        return 0, usual.index(target)
    gives, wants = set(matching.gives(source)) - {ANYTHING}, matching.wants(target)
    if target == source:
        return 4, 0
    if gives & (set(wants.needs) - START or set(wants.needs)):
        return 1, 0
    return (2, 0) if gives & {*wants.needs, *wants.uses} else (3, 0)


def _beside_engine(graph: Graph, matching: Matching, engine: Engine) -> Fits:
    catalog, name = matching.catalog, engine.name
    targets: dict[str, str] = {}
    for other, data in graph.nodes(data=True):
        if other == name:
            continue
        if isinstance(data["spec"], Engine):
            targets[other] = f"{name} and {other} are engines: connect the service that uses them"
        elif graph.has_edge(other, name):
            targets[other] = f"{other} already uses {name}"
        else:
            targets[other] = _not_used(other, data["kind"], name, engine.kind, catalog)
    kinds = [
        (kind, f"{kind} is an engine as well: put a service beside it")
        if component.role == "engine"
        else (kind, _not_used(kind, kind, name, engine.kind, catalog))
        for kind, component in catalog.items()
    ]
    kinds.sort(key=lambda entry: bool(entry[1]))
    return Fits(targets, tuple(kinds))


def _not_used(service: str, kind: str, engine: str, engine_kind: str, catalog: Catalog) -> str:
    """Why a service has no use for an engine; empty when it has."""
    if kind not in catalog or engine_kind not in catalog or uses_any_engine(catalog[kind]):
        return ""
    used = engines_of(catalog[kind])
    if engine_kind in used:
        return ""
    what = " or ".join((", ".join(used[:-1]), used[-1])) if len(used) > 1 else "".join(used)
    return f"{service} uses {what}, not {engine}" if used else f"{service} uses no engine"


def _before(graph: Graph, name: str, flow: str) -> set[str]:
    """The services that come before one in a flow."""
    found: set[str] = set()
    todo = [name]
    while todo:
        at = todo.pop()
        for other, data in graph.pred[at].items():
            if other not in found and flow in data["flows"]:
                found.add(other)
                todo.append(other)
    return found
