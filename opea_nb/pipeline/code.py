"""An edit as the Python that does the same, as a person would write it.

>>> from opea_nb.pipeline import Pipeline
>>> from opea_nb.pipeline.surgery import extended
>>> chat = Pipeline("chat")
>>> _ = chat.add("retriever")
>>> print(code(extended(chat, "llm", "retriever")[0]))
pipeline.add("llm")
pipeline.connect("retriever", "llm")
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from opea_nb.catalog import Catalog, load_catalog
from opea_nb.errors import CatalogError
from opea_nb.pipeline import board, edits, wiring
from opea_nb.pipeline.adding import checked
from opea_nb.pipeline.edit import Edit, copied
from opea_nb.pipeline.literals import Literals
from opea_nb.pipeline.naming import free_port
from opea_nb.pipeline.reading import ReadablePipeline
from opea_nb.pipeline.spec import MAIN, Flow, Node, Service

if TYPE_CHECKING:
    import networkx as nx

    Graph = nx.DiGraph[str]

_MERGED = ("environment", "parameters")
_SIMPLE = {
    edits.Remove: "remove",
    edits.Rename: "rename",
    edits.Move: "move",
    edits.Clear: "clear",
    wiring.Use: "use",
    wiring.Unuse: "unuse",
    wiring.DropFlow: "drop_flow",
    wiring.Join: "join",
    wiring.Leave: "leave",
    board.DropNote: "drop_note",
    board.DropGroup: "ungroup",
    board.RenameGroup: "rename_group",
}
"""Edits whose fields are the method's arguments, in order."""


def code(edit: Edit, variable: str = "pipeline", *, before: ReadablePipeline | None = None) -> str:
    """Python lines that do what an edit does; each line is an edit of its own.

    Parameters
    ----------
    variable
        What the pipeline is called there.
    before
        The pipeline as it was before the edit: what the lines do is then exactly the same. Without it they are told
        from the edit alone, for a pipeline where what it adds finds its own port free.

    Raises
    ------
    PipelineError
        For an edit of a foreign kind.
    """
    graph = copied(before.graph) if before is not None else None
    writer = _Writer(variable, before.catalog if before is not None else load_catalog(), graph)
    lines = list(writer.lines((edit,)))
    return "\n".join([*writer.literals.imports, *lines])


class _Writer:
    """Follows an edit step by step, on a copy of the graph where there is one."""

    def __init__(self, variable: str, catalog: Catalog, graph: Graph | None) -> None:
        self.variable, self.catalog, self.graph = variable, catalog, graph
        self.literals = Literals()

    def lines(self, steps: Sequence[Edit]) -> Iterator[str]:
        leaves = list(_leaves(steps))
        for index, edit in enumerate(leaves):
            line = "" if self.implied(edit, leaves[index + 1 :]) else self.line(edit, leaves[:index])
            if line:
                yield line
            if self.graph is not None:
                edit.apply(self.graph)

    def implied(self, edit: Edit, following: Sequence[Edit]) -> bool:
        """Whether what comes next does it anyway."""
        if isinstance(edit, wiring.PutFlow) and following and edit.flow == Flow(edit.flow.name):
            new = self.graph is None or edit.flow.name not in self.graph.graph["flows"]
            add = following[0]
            return new and isinstance(add, edits.Add) and add.flows == (edit.flow.name,) and self.plain(add.node)
        if isinstance(edit, wiring.Join):
            return any(edit.service in (c.source, c.target) for c in _connect_behind(following, edit.flow))
        return False

    def line(self, edit: Edit, done: Sequence[Edit]) -> str:
        if type(edit) in _SIMPLE:
            values = [getattr(edit, f.name) for f in dataclasses.fields(edit)]  # type: ignore[arg-type]  # all are
            return self.call(_SIMPLE[type(edit)], *values)
        match edit:
            case edits.Add(node, flows):
                return self.add(node, flows)
            case edits.Change(name, fields):
                return self.change(name, fields)
            case edits.Configure(fields):
                return self.call("configure", **fields)
            case wiring.Connect(source, target, flow):
                joins = bool(done) and isinstance(done[-1], wiring.Join) and done[-1].flow == flow
                return self.call("connect", source, target, **({} if flow == MAIN and not joins else {"flow": flow}))
            case wiring.Disconnect(source, target, flow):
                return self.call("disconnect", source, target, **({} if self.only(source, target) else {"flow": flow}))
            case wiring.PutFlow(flow):
                return self.call("add_flow", flow.name, **_set(flow, ("endpoint", "extra")))
            case board.PutNote(note):
                return self.call("note", note.text, note.id, position=note.position, size=note.size)
            case board.PutGroup(group):
                return self.group(group)
            case board.Fold(name, folded):
                return self.call("fold", name, *(() if folded else (False,)))
            case board.Regroup(groups):
                return self.regroup(groups)
        return self.apply(edit)

    def call(self, method: str, *positional: Any, **named: Any) -> str:
        return self.literals.call(f"{self.variable}.{method}", *positional, **named)

    def apply(self, edit: Edit) -> str:
        return f"{self.variable}.apply({self.literals.value(edit)})"

    def plain(self, node: Node) -> bool:
        """Whether `Pipeline.add` makes a service or engine as it is."""
        if node.kind not in self.catalog or (self.catalog[node.kind].role == "service") != isinstance(node, Service):
            return False
        fields = _fields(node)
        try:
            return checked(self.catalog[node.kind], fields) == fields
        except CatalogError:
            return False

    def add(self, node: Node, flows: tuple[str, ...]) -> str:
        if not self.plain(node) or (isinstance(node, Service) and len(flows) != 1):
            return self.apply(edits.Add(node, flows))
        component = self.catalog[node.kind]
        named = _fields(node)
        if isinstance(node, Service):
            if flows != (component.flow or MAIN,):
                named = {"flow": flows[0], **named}
            taken = self.graph is not None and free_port(self.graph, self.catalog, component)
            if taken and not node.url and not node.port:
                named["port"] = component.port
        return self.call("add", *([node.kind] if node.name == node.kind else [node.kind, node.name]), **named)

    def change(self, name: str, fields: Mapping[str, Any]) -> str:
        fields = dict(fields)
        merged = [key for key in _MERGED if key in fields]
        if self.graph is None or name not in self.graph:
            return self.call("update", name, **fields, **({"merge": False} if merged else {}))
        node: Node = self.graph.nodes[name]["spec"]
        try:
            good = checked(self.catalog.component(node.kind), fields) == fields
        except CatalogError:
            good = False
        if not good:
            return self.apply(edits.Change(name, fields))
        if any(value is None for key in merged for value in fields[key].values()):
            return self.call("update", name, **fields, merge=False)
        for key in merged:
            old, new = getattr(node, key), fields[key]
            fields[key] = {k: v for k, v in new.items() if k not in old or old[k] != v} | {
                k: None for k in old if k not in new
            }
        return self.call("update", name, **fields)

    def only(self, source: str, target: str) -> bool:
        """Whether an edge is in one flow alone, so that it need not be named."""
        return bool(
            self.graph is not None
            and self.graph.has_edge(source, target)
            and len(self.graph.edges[source, target]["flows"]) == 1
        )

    def group(self, group: board.Group) -> str:
        return self.call("group", group.name, list(group.members), **_set(group, ("folded",)))

    def regroup(self, groups: Mapping[str, board.Group | None]) -> str:
        there = groups if self.graph is None else self.graph.graph["groups"]
        gone = [self.call("ungroup", name) for name, group in groups.items() if group is None and name in there]
        return "\n".join([*gone, *(self.group(group) for group in groups.values() if group is not None)])


def _leaves(steps: Sequence[Edit]) -> Iterator[Edit]:
    for edit in steps:
        if isinstance(edit, edits.Batch):
            yield from _leaves(edit.edits)
        else:
            yield edit


def _connect_behind(following: Sequence[Edit], flow: str) -> Iterator[wiring.Connect]:
    """The connection that comes right behind others that join its flow."""
    for edit in following:
        if isinstance(edit, wiring.Connect) and edit.flow == flow:
            yield edit
        if not (isinstance(edit, wiring.Join) and edit.flow == flow):
            return


def _fields(node: Node) -> dict[str, Any]:
    """What differs from a service or engine that says nothing."""
    bare = type(node)(node.name, node.kind)
    names = [f.name for f in dataclasses.fields(node) if f.name not in ("name", "kind")]
    return {name: getattr(node, name) for name in names if getattr(node, name) != getattr(bare, name)}


def _set(value: Flow | board.Note | board.Group, names: tuple[str, ...]) -> dict[str, Any]:
    """The fields of those names that are not as they are by default."""
    defaults = {
        f.name: f.default_factory() if f.default_factory is not dataclasses.MISSING else f.default
        for f in dataclasses.fields(value)
    }
    return {name: getattr(value, name) for name in names if getattr(value, name) != defaults[name]}
