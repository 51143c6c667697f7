"""What makes a problem go away, where there is one plain way: an edit, and what it does in words."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from opea_nb.catalog.values import check_parameters
from opea_nb.errors import CatalogError
from opea_nb.pipeline.edit import Edit, copied
from opea_nb.pipeline.edits import Batch, Change
from opea_nb.pipeline.matching import Matching
from opea_nb.pipeline.naming import free_name, free_port
from opea_nb.pipeline.problems import Code, Problem, find_problems, known_facets
from opea_nb.pipeline.reading import ReadablePipeline
from opea_nb.pipeline.secrets import reference
from opea_nb.pipeline.sharing import INDEX, index_variables, keeper, told
from opea_nb.pipeline.spec import MAIN, Flow, Service
from opea_nb.pipeline.surgery import preceded
from opea_nb.pipeline.when import WHEN
from opea_nb.pipeline.wiring import Connect, Join, Leave, PutFlow, Unuse, Use

_RESERVED = ("name", "port", "endpoint", "mega_flow")  # the YAML has other uses for these, so no flow is called so


@dataclass(frozen=True, slots=True)
class Fix:
    """A way out of a problem.

    Parameters
    ----------
    label
        What it does, for a button: ``use port 6001``.
    edit
        The change, to be given to `Pipeline.apply`.
    """

    label: str
    edit: Edit


def fix(pipeline: ReadablePipeline, problem: Problem) -> Fix | None:
    """The plain way out of a problem that `Pipeline.problems` found; ``None`` where there is none, or several.

    After its edit the problem is gone.
    """
    way = _WAYS.get(problem.code)
    return way(pipeline, problem) if way else None


def may_fix(problem: Problem) -> bool:
    """Whether problems of this sort can have a plain way out: at no cost, whereas `fix` looks for it."""
    return problem.code in _WAYS


def _use_free_port(pipeline: ReadablePipeline, problem: Problem) -> Fix:
    component = pipeline.component(problem.node)
    port = free_port(pipeline.graph, pipeline.catalog, component).get("port", component.port)
    told_port = 0 if port == component.port else port
    return _labelled(f"use port {port}", Change(problem.node, {"port": told_port}))


def _refer_to_secret(pipeline: ReadablePipeline, problem: Problem) -> Fix:
    environment = {**pipeline.node(problem.node).environment, problem.about: reference(problem.about)}
    return _labelled(f"write {reference(problem.about)}", Change(problem.node, {"environment": environment}))


def _insert_what_gives_it(pipeline: ReadablePipeline, problem: Problem) -> Fix | None:
    """What is missing is made by a row of services, put before the one that needs it."""
    matching, graph = Matching(pipeline.catalog), pipeline.graph
    known = dict(known_facets(graph, matching, problem.flow))[problem.node]
    missing = matching.missing(graph.nodes[problem.node]["kind"], known)
    kinds = matching.chain(known, missing)
    if not kinds:
        return None
    edit, names = preceded(pipeline, kinds, problem.node, flow=problem.flow)
    return _labelled(f"put {' and '.join(names)} before {problem.node}", edit)


def _connect_or_part(pipeline: ReadablePipeline, problem: Problem) -> Fix:
    """Connected where there is only one way that leaves nothing missing; else in a flow of its own."""
    name, graph, matching = problem.node, pipeline.graph, Matching(pipeline.catalog)
    kind = graph.nodes[name]["kind"]
    flow = pipeline.flow(MAIN)
    known = dict(known_facets(graph, matching, MAIN))
    pairs: list[tuple[str, str]] = []
    for other, have in known.items():
        theirs = graph.nodes[other]["kind"]
        if other == name or not flow.degree(other):
            continue
        if matching.fits(theirs, kind) and not matching.missing(kind, have.union(matching.gives(theirs))):
            pairs.append((other, name))
        if matching.fits(kind, theirs) and not matching.missing(kind, ()):
            pairs.append((name, other))
    if len(pairs) == 1:
        return _labelled(f"connect {pairs[0][0]} to {pairs[0][1]}", Connect(*pairs[0], MAIN))
    if len(pipeline.flows_of(name)) > 1:
        return _labelled(f"take {name} out of the main flow", Leave(name, MAIN))
    own = pipeline.catalog[kind].flow or free_name({*pipeline.flows, *_RESERVED}, name)
    steps = [] if own in pipeline.flows else [PutFlow(Flow(own))]
    return _labelled("put it into a flow of its own", Batch((*steps, Join(name, own), Leave(name, MAIN))))


def _share(pipeline: ReadablePipeline, problem: Problem) -> Fix | None:
    """What looks for a store is told what the one that writes it is told."""
    name, writer = problem.node, problem.about
    graph, catalog = pipeline.graph, pipeline.catalog
    service, component = pipeline.services[name], pipeline.component(name)
    theirs, mine = told(graph, catalog, writer), told(graph, catalog, name)
    fields: dict[str, Any] = {}
    steps: list[Edit] = []
    if theirs.index and mine.index != theirs.index:
        fields["environment"] = {k: v for k, v in service.environment.items() if k not in index_variables(component)}
        fields["parameters"] = {**service.parameters, INDEX: theirs.index}
    if theirs.kind and mine.kind != theirs.kind:
        form = next((f.name for f in component.forms.values() if keeper(f, catalog) == theirs.kind), "")
        fields["form"] = theirs.form if theirs.form in component.forms else form
    if mine.engine and theirs.kind and (mine.engine != theirs.engine):
        steps.append(Unuse(name, mine.engine))
        if theirs.engine:
            steps.append(Use(name, theirs.engine))
    if fields:
        steps.append(Change(name, fields))
    edit = Batch(tuple(steps))
    after = copied(graph)
    edit.apply(after)
    if any(p.code == problem.code and p.node == name for p in find_problems(after, catalog)):
        return None
    return _labelled(f"let {name} use the store of {writer}", edit)


def _nearest_kind(pipeline: ReadablePipeline, problem: Problem) -> Fix | None:
    node, catalog = pipeline.node(problem.node), pipeline.catalog
    role = "service" if isinstance(node, Service) else "engine"
    kinds = [kind for kind, component in catalog.items() if component.role == role]
    near = difflib.get_close_matches(node.kind, kinds, n=1)
    if not near:
        return None
    component = catalog[near[0]]
    try:
        check_parameters(component, node.parameters)
    except CatalogError:
        return None
    if node.form and node.form not in component.forms:
        return None
    return _labelled(f"make it {near[0]}", Change(node.name, {"kind": near[0]}))


def _drop_condition(pipeline: ReadablePipeline, problem: Problem) -> Fix:
    extra = {key: value for key, value in pipeline.node(problem.node).extra.items() if key != WHEN}
    return _labelled(f"run {problem.node} for every request", Change(problem.node, {"extra": extra}))


def _own_endpoint(pipeline: ReadablePipeline, problem: Problem) -> Fix:
    """The named one of the two flows is asked at its default path, or beside it where that is the other's."""
    name = problem.flow if problem.flow != MAIN else problem.about
    taken = {pipeline.mega.path_of(flow) for flow in pipeline.flows.values() if flow.name != name}
    flow = dataclasses.replace(pipeline.flows[name], endpoint="")
    if (path := pipeline.mega.path_of(flow)) in taken:
        path = free_name(taken, path)
        flow = dataclasses.replace(flow, endpoint=path)
    return _labelled(f"ask {name} at {path}", PutFlow(flow))


def _labelled(label: str, edit: Edit) -> Fix:
    steps = edit.edits if isinstance(edit, Batch) else (edit,)
    return Fix(label, Batch(steps, label))


_WAYS: Mapping[Code, Callable[[ReadablePipeline, Problem], Fix | None]] = {
    "apart": _share,
    "condition": _drop_condition,
    "endpoint-clash": _own_endpoint,
    "missing-input": _insert_what_gives_it,
    "port-clash": _use_free_port,
    "secret-value": _refer_to_secret,
    "unconnected": _connect_or_part,
    "unknown-kind": _nearest_kind,
}
