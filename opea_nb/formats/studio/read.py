"""A flow of GenAIStudio becomes a pipeline."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import networkx as nx

from opea_nb.catalog import Catalog, Component, load_catalog
from opea_nb.errors import FormatError
from opea_nb.formats import json_text
from opea_nb.formats.conversion import Imported
from opea_nb.formats.draft import Draft, pipeline_name
from opea_nb.formats.studio.nodes import Node, canvas, workflow_info
from opea_nb.formats.studio.record import CANVAS, canvas_in, is_record
from opea_nb.pipeline import MAIN

_CONTROLS = frozenset({"chat_input", "doc_input", "file_input", "chat_completion"})
_ENGINE = "llmEngine"
_RENAMED = {"maxNewToken": "max_new_tokens", "recursionLimit": "recursion_limit", _ENGINE: "llm_engine"}
# What Studio sets and OPEA's services of today do not take in a request.
_CLIENTS_OWN = {"streaming": "the client asks for a stream, with each query"}


def read(text: str | bytes, *, source: str = "<text>", catalog: Catalog | None = None, name: str = "") -> Imported:
    """Read a flow of GenAIStudio: a canvas, the record that its server keeps of one, or a ``workflow-info.json``.

    Its controls are not services: the gateway stands for them. Agents call each other and their tools by
    themselves, so what is drawn between them is no flow: each worker agent, and the tools that it calls, become flows
    of their own.

    Parameters
    ----------
    text
        JSON, at most 8 MiB.
    source
        File name for messages.
    name
        The pipeline's name; the one in the file, else the file's, when empty.

    Raises
    ------
    FormatError
        When it is no flow of GenAIStudio.
    """
    data = whole = json_text.load(text, source)
    above: tuple[str, ...] = ()
    rest: list[str] = []
    if is_record(whole):
        data, above, rest = canvas_in(whole, text, source), (CANVAS,), sorted(whole.keys() - {CANVAS, "name"})
    if not isinstance(data, Mapping) or "nodes" not in data:
        line, column = json_text.place(text, above)
        hint = "it has `nodes` and `edges`"
        raise FormatError("this is no flow of GenAIStudio", source=source, line=line, column=column, hint=hint)
    draft = Draft(catalog or load_catalog(), source, place=lambda path: json_text.place(text, (*above, *path)))
    if rest:
        draft.note("lost", ", ".join(rest), "what Studio's server notes of a flow says nothing of its services")
    listed = isinstance(data["nodes"], list)
    nodes = canvas(data, draft) if listed else workflow_info(data, draft)
    _Reading(draft, nodes).read()
    known = {"nodes", "edges", "id", "name", "chat_input_ids", "chat_completion_ids", "doc_input_ids", "file_input_ids"}
    kept: dict[str, Any] = {key: value for key, value in data.items() if key not in known}
    for key in kept:
        draft.note("kept", key, "is no part of a flow that opea_nb knows")
    controls = {n.id: {"name": n.name, **n.params} for n in nodes.values() if _is_control(n)}
    extra = {"studio": {**({"controls": controls} if controls else {}), **kept}} if controls or kept else {}
    own = data.get("name")
    stem = re.split(r"[\\/]", source)[-1].split(".")[0].strip("<>")
    return draft.finish(name or pipeline_name(own if isinstance(own, str) else "", stem), document_extra=extra)


def _is_control(node: Node) -> bool:
    return node.category == "Controls" or re.sub(r"_\d+$", "", node.name) in _CONTROLS


@dataclass(slots=True)
class _Reading:
    draft: Draft
    nodes: dict[str, Node]
    names: dict[str, str] = field(default_factory=dict)
    engines: dict[tuple[str, str], str] = field(default_factory=dict)

    def read(self) -> None:
        """Put all nodes and what is between them into the draft."""
        components = {id_: self.component(node) for id_, node in self.nodes.items() if not _is_control(node)}
        for id_ in self.nodes:
            if id_ not in components:
                self.draft.note("kept", id_, "a control of Studio's canvas: the gateway's endpoint stands for it")
        flows = self.flows(components)
        for id_, component in components.items():
            if component.role == "engine":
                wanted = _short(id_)
                self.names[id_] = self.draft.engine(
                    wanted, component.kind, parameters=self.nodes[id_].params, position=self.nodes[id_].position
                )
            else:
                self.service(self.nodes[id_], component, flows[id_])
        for id_, component in components.items():
            for source in self.nodes[id_].sources:
                self.edge(source, id_, component, components, flows)

    def component(self, node: Node) -> Component:
        catalog = self.draft.catalog
        found = catalog.by_studio(node.name) or catalog.by_studio(node.id)
        if found is None:
            found = catalog.find(name=_short(node.name))
            reason = f"opea_nb knows no node {node.name!r} of Studio: taken as {found.kind!r}"
            self.draft.note("inferred", node.id, reason)
        return found

    def flows(self, components: dict[str, Component]) -> dict[str, tuple[str, ...]]:
        """Flows that each service is part of: a worker agent's tools are a flow of its own."""
        edges = [(s, n.id) for n in self.nodes.values() for s in n.sources if s in self.nodes]
        graph: nx.DiGraph[str] = nx.DiGraph(edges)
        graph.add_nodes_from(self.nodes)
        agents = [i for i in components if components[i].kind == "agent" or self.nodes[i].category == "Agent"]
        called = {i for i in agents if any(s in agents for s in self.nodes[i].sources)}
        found: dict[str, tuple[str, ...]] = {}
        for id_, component in components.items():
            found[id_] = (component.flow or MAIN,)
            if id_ in called:
                found[id_] = (_short(id_),)
        for agent in sorted(called):
            without: nx.DiGraph[str] = graph.copy()
            without.remove_nodes_from([a for a in agents if a != agent])
            back = nx.ancestors(without, agent)
            for tool in (nx.descendants(without, agent) & back) - {agent}:
                if tool in found and components[tool].role == "service" and not components[tool].flow:
                    found[tool] = (f"{_short(agent)}-tools",)
        return found

    def service(self, node: Node, component: Component, flows: tuple[str, ...]) -> None:
        parameters: dict[str, Any] = {}
        chosen = component.forms.get(str(node.params.get(_ENGINE)))
        hosted = chosen if chosen and not chosen.engines else None
        more = {"form": hosted.name, "environment": {"model": node.model} if node.model else {}} if hosted else {}
        for key, value in node.params.items():
            if key == _ENGINE and chosen is not None:
                continue  # said by the form, or by the engine
            if key in _CLIENTS_OWN:
                self.draft.note("lost", f"{node.id}.{key}", _CLIENTS_OWN[key])
            else:
                parameters[_RENAMED.get(key, key)] = value
        name = self.draft.service(
            _short(node.id), component.kind, flows=flows, parameters=parameters, position=node.position, **more
        )
        self.names[node.id] = name
        for engine, model in node.engines.items():
            if hosted:
                self.draft.note("lost", f"{node.id}: {engine}", f"no engine is needed: the model is {hosted.name}'s")
            else:
                self.engine(node, name, component, engine, model)

    def engine(self, node: Node, service: str, component: Component, wanted: str, model: str) -> None:
        """The engine that comes with a node; nodes with the same engine and model share it, as in Studio."""
        catalog = self.draft.catalog
        own = [e for f in component.forms.values() for e in f.engines if e == wanted or e.startswith(f"{wanted}-")]
        kind = own[0] if own else wanted
        if kind not in catalog or catalog[kind].role != "engine":
            self.draft.note("lost", f"{node.id}: {wanted}", "the catalogue has no such engine; the plan chooses one")
            return
        if (kind, model) not in self.engines:
            taken = sum(k == kind for k, _ in self.engines)
            name = kind if not taken else f"{kind}_{taken + 1}"
            parameters = {"model": model} if model and catalog[kind].parameter("model") else {}
            self.engines[kind, model] = self.draft.engine(name, kind, parameters=parameters)
        self.draft.use(service, self.engines[kind, model])

    def edge(
        self,
        source: str,
        target: str,
        component: Component,
        components: dict[str, Component],
        flows: dict[str, tuple[str, ...]],
    ) -> None:
        if source not in self.nodes:
            self.draft.note("lost", f"{source} to {target}", f"there is no node {source}")
            return
        if source not in components:
            return  # a control: what it feeds is where a flow begins
        a, b = self.names[source], self.names[target]
        match components[source].role, component.role:
            case "engine", "service":
                self.draft.use(b, a)
            case "service", "engine":
                self.draft.use(a, b)
            case "service", "service":
                shared = [f for f in flows[source] if f in flows[target]]
                if shared:
                    self.draft.edge(a, b, shared[0])
                else:
                    reason = "a call that the agent makes by itself, or one between two flows: no edge of a flow"
                    self.draft.note("lost", f"{a} to {b}", reason)
            case _:
                self.draft.note("lost", f"{a} to {b}", "is between two engines")


def _short(id_: str) -> str:
    return re.sub(r"_0$", "", id_.removeprefix("opea_service@"))
