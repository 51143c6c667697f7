"""Random edits, and what is compared before and after them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from opea_nb.pipeline import MAIN, Flow, Group, Note, Pipeline
from opea_nb.pipeline.board import DropGroup, DropNote, Fold, PutGroup, PutNote, Regroup, RenameGroup
from opea_nb.pipeline.edit import Edit
from opea_nb.pipeline.edits import Add, Batch, Change, Clear, Configure, Move, Remove, Rename
from opea_nb.pipeline.spec import Engine, Service
from opea_nb.pipeline.wiring import Connect, Disconnect, DropFlow, Join, Leave, PutFlow, Unuse, Use

NAMES = st.sampled_from(["a", "b", "c", "d", "redis"])
FLOWS = st.sampled_from([MAIN, "other"])
GROUPS = st.sampled_from(["g", "h"])
KINDS = st.sampled_from(["service", "llm", "embedding", "dataprep", "unheard-of"])
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)
POINTS = st.tuples(st.floats(-9, 9), st.floats(-9, 9))
SETTINGS = st.dictionaries(st.sampled_from(["A", "max_tokens", "temperature", 'x"y']), st.integers(0, 3) | TEXT)
ENVIRONMENT = st.dictionaries(st.sampled_from(["A", "B", "HF_TOKEN"]), TEXT.filter(lambda t: "\0" not in t))
SERVICES = st.builds(
    lambda name, kind, port, **more: Service(name, kind, port=port, **more),
    NAMES,
    KINDS,
    st.sampled_from([0, 0, 0, 9000, 9001, -1]),
    parameters=st.just({}) | SETTINGS,
    environment=st.just({}) | ENVIRONMENT,
    position=st.none() | POINTS,
    url=st.sampled_from(["", "", "http://h/v1"]),
    form=st.sampled_from(["", "", "embedded", "none"]),
    extra=st.sampled_from([{}, {}, {"when": {"a": "b"}, "list": [1, (2.5, None)]}]),
)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "port": st.integers(-1, 70000),
        "environment": ENVIRONMENT,
        "parameters": SETTINGS | st.just({"max_tokens": None}),
        "replicas": st.integers(0, 3),
        "kind": KINDS,
        "endpoint": st.sampled_from(["", "/v1/embeddings", "/v1/x"]),
    },
)
GROUPINGS = st.builds(Group, GROUPS, st.lists(NAMES, max_size=3).map(tuple), st.booleans())

SINGLE: st.SearchStrategy[Any] = st.one_of(
    st.builds(lambda node, flows: Add(node, tuple(flows)), SERVICES, st.sets(FLOWS)),
    st.builds(lambda n: Add(Service(n, "service")), NAMES),
    st.builds(lambda n: Add(Engine(n, "redis", port=6380)), NAMES),
    st.builds(Remove, NAMES),
    st.builds(Connect, NAMES, NAMES, FLOWS),
    st.builds(Connect, NAMES, NAMES),
    st.builds(Disconnect, NAMES, NAMES, FLOWS),
    st.builds(Use, NAMES, NAMES),
    st.builds(Unuse, NAMES, NAMES),
    st.builds(Rename, NAMES, NAMES),
    st.builds(Change, NAMES, CHANGES),
    st.builds(Move, NAMES, st.none() | POINTS),
    st.builds(lambda port: Configure({"port": port}), st.integers(-1, 70000)),
    st.builds(lambda n, endpoint: PutFlow(Flow(n, endpoint)), FLOWS, st.sampled_from(["", "/v1/x"])),
    st.builds(DropFlow, FLOWS),
    st.builds(Join, NAMES, FLOWS),
    st.builds(Leave, NAMES, FLOWS),
    st.builds(PutNote, st.builds(Note, GROUPS, TEXT, POINTS)),
    st.builds(DropNote, GROUPS),
    st.builds(PutGroup, GROUPINGS),
    st.builds(DropGroup, GROUPS),
    st.builds(RenameGroup, GROUPS, GROUPS),
    st.builds(Fold, GROUPS, st.booleans()),
    st.builds(lambda a, b: Regroup({"g": a, "h": b}), *[st.none() | GROUPINGS] * 2),
    st.builds(Clear),
)
EDITS: st.SearchStrategy[Edit] = st.one_of(
    SINGLE,
    SINGLE,
    st.builds(lambda e: Batch(tuple(e), "several"), st.lists(SINGLE, min_size=2, max_size=4)),
    st.builds(lambda n, m, f: Batch((Join(n, f), Join(m, f), Connect(n, m, f)), "in"), NAMES, NAMES, FLOWS),
    st.builds(lambda n, m, f: Batch((Join(m, f), Connect(n, m, f)), "in"), NAMES, NAMES, FLOWS),
    st.builds(lambda n, f: Batch((PutFlow(Flow(f)), Add(Service(n, "llm"), (f,))), "in"), NAMES, FLOWS),
)


def content(pipeline: Pipeline) -> tuple[object, ...]:
    """Everything there is, places, notes and groups included."""
    graph = pipeline.graph
    nodes = {n: (d["spec"], d["spec"].position, d["flows"], d["kind"], d["role"]) for n, d in graph.nodes(data=True)}
    edges = {(u, v): dict(d) for u, v, d in graph.edges(data=True)}
    return nodes, edges, pipeline.mega, dict(pipeline.flows), dict(pipeline.notes), dict(pipeline.groups)
