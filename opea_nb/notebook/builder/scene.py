"""What the page shows of a session, as plain JSON: the whole of it, and the smallest patch from one to the next."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from opea_nb import templates
from opea_nb.catalog import Catalog, Component
from opea_nb.notebook.builder.session import Session
from opea_nb.notebook.look import hue, icon
from opea_nb.pipeline.matching import Matching, words
from opea_nb.pipeline.problems import Problem
from opea_nb.pipeline.spec import Node

if TYPE_CHECKING:
    import networkx as nx

    Graph = nx.DiGraph[str]

__all__ = ["TABLES", "Scene", "catalog_shown", "patch", "scene"]

Scene = Mapping[str, Any]
"""JSON. Tables hold elements by their id; everything else is replaced as a whole."""

TABLES = ("nodes", "edges", "notes", "groups")

_OFFERED = ("chatqna", "docsum", "audioqna")


def scene(session: Session) -> Scene:
    """Everything that the canvas shows.

    Names, kinds, states and findings only: neither parameters nor environment are ever part of it.
    """
    pipeline = session.pipeline
    return {
        "pipeline": pipeline.name,
        "flow": session.flow,
        "flows": list(pipeline.flows),
        "selected": list(session.selected),
        "busy": session.busy,
        "undo": pipeline.undo_label,
        "redo": pipeline.redo_label,
        "templates": _templates(),
        "nodes": _nodes(session),
        "edges": _edges(session),
        "notes": {
            key: {
                "id": key,
                "text": note.text,
                "x": note.position[0],
                "y": note.position[1],
                "width": note.size[0],
                "height": note.size[1],
            }
            for key, note in pipeline.notes.items()
        },
        "groups": {
            name: {"name": name, "members": list(group.members), "folded": group.folded}
            for name, group in pipeline.groups.items()
        },
    }


def patch(before: Scene, after: Scene) -> dict[str, Any]:
    """What makes the one scene the other; empty when they are the same.

    Elements are replaced whole, ``None`` takes one out.

    >>> patch({"flow": "a", "nodes": {"x": 1, "y": 2}}, {"flow": "a", "nodes": {"y": 3}})
    {'nodes': {'x': None, 'y': 3}}
    """
    changed: dict[str, Any] = {}
    for key, now in after.items():
        was = before.get(key)
        if key not in TABLES:
            if was != now:
                changed[key] = now
            continue
        was = was or {}
        table: dict[str, Any] = {name: None for name in was if name not in now}
        table |= {name: element for name, element in now.items() if was.get(name) != element}
        if table:
            changed[key] = table
    return changed


def catalog_shown(catalog: Catalog) -> dict[str, Any]:
    """What the page knows of the components: it never changes while a builder lives."""
    matching = Matching(catalog)
    return {
        kind: {
            "title": component.title,
            "group": component.group or "Custom",
            "hue": hue(catalog, kind),
            "icon": icon(catalog, kind),
            "role": component.role,
            "help": component.help,
            "takes": [words((facet,)) for facet in _taken(matching, component)],
            "gives": [words((facet,)) for facet in _given(matching, component)],
        }
        for kind, component in catalog.items()
    }


def _taken(matching: Matching, component: Component) -> tuple[str, ...]:
    if component.role == "engine":
        return ()
    wants = matching.wants(component.kind)
    return wants.needs or wants.uses


def _given(matching: Matching, component: Component) -> tuple[str, ...]:
    return () if component.role == "engine" else matching.gives(component.kind)


@cache
def _templates() -> list[dict[str, str]]:
    """The ones that an empty canvas offers."""
    offered = []
    for name in _OFFERED:
        title, _, line = templates.describe(name).partition("\n")[0].partition(": ")
        offered.append({"name": name, "title": title, "line": line})
    return offered


def _nodes(session: Session) -> dict[str, Any]:
    cards = _Cards(session)
    return {name: cards.card(name, data) for name, data in session.pipeline.graph.nodes(data=True)}


class _Cards:
    """Makes the cards of one scene; what all cards of a kind have in common is found once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._pipeline = session.pipeline
        self._graph = session.pipeline.graph
        self._places = session.places
        self._worst = _worst(session.problems)
        self._matching = Matching(session.pipeline.catalog)
        self._looks: dict[str, tuple[int, str, str]] = {}

    def card(self, name: str, data: Mapping[str, Any]) -> dict[str, Any]:
        session, problem, place = self._session, self._worst.get(name), self._places[name]
        node: Node = data["spec"]
        number, picture, hover = self._look(node.kind)
        state, time = session.states.get(name, ""), session.times.get(name, "")
        finding = f"{problem.message}{f' → {problem.hint}' if problem.hint else ''}" if problem else ""
        why = session.whys.get(name, "") or finding
        return {
            "id": name,
            "kind": node.kind,
            "role": data["role"],
            "line": f"{node.kind} · elsewhere" if node.url else node.kind,
            "hue": number,
            "icon": picture,
            "x": place[0],
            "y": place[1],
            "state": state,
            "time": time,
            "problem": problem.severity if problem else "",
            "why": why,
            "hover": hover,
            "flows": list(data["flows"]),
            "summary": _summary(self._graph, name, data, (state, time, why)),
        }

    def _look(self, kind: str) -> tuple[int, str, str]:
        """Hue, icon, and what it takes and gives."""
        if kind not in self._looks:
            catalog = self._pipeline.catalog
            self._looks[kind] = hue(catalog, kind), icon(catalog, kind), self._hover(kind)
        return self._looks[kind]

    def _hover(self, kind: str) -> str:
        component = self._pipeline.catalog.get(kind)
        if component is None:
            return "a kind that the catalogue does not have"
        if component.role == "engine":
            return "an engine: services use it"
        taken, given = _taken(self._matching, component), _given(self._matching, component)
        return f"takes {words(taken)} · gives {words(given)}"


def _summary(graph: Graph, name: str, data: Mapping[str, Any], told: tuple[str, str, str]) -> str:
    """A card in one sentence, for those who hear it."""
    flows = data["flows"]
    state, time, why = told
    behind: dict[str, list[str]] = {"flow": [], "uses": []}
    for target, edge in graph.succ[name].items():
        behind[edge["kind"]].append(target)
    before = list(graph.pred[name])
    service = data["role"] == "service"
    parts = [
        f"{name}, {'service' if service else 'engine'}" + (f" of kind {data['kind']}" if data["kind"] != name else ""),
        f"in {' and '.join(flows)}" if flows and tuple(flows) != ("main",) else "",
        f"{'after' if service else 'used by'} {_listed(before)}" if before else "",
        f"before {_listed(behind['flow'])}" if behind["flow"] else "",
        f"uses {_listed(behind['uses'])}" if behind["uses"] else "",
        f"{state}{f' in {time}' if time else ''}" if state else "",
        why,
    ]
    return ", ".join(filter(None, parts))


def _listed(names: list[str]) -> str:
    return " and ".join(names) if len(names) <= 4 else f"{' and '.join(names[:3])} and {len(names) - 3} more"


def _edges(session: Session) -> dict[str, Any]:
    states = session.states
    shown = {}
    for source, target, data in session.pipeline.graph.edges(data=True):
        flow = data["kind"] == "flow"
        state = _edge_state(states.get(source, ""), states.get(target, "")) if flow and states else ""
        shown[f"{source}>>{target}"] = {
            "source": source,
            "target": target,
            "kind": data["kind"],
            "flows": list(data["flows"]),
            "state": state,
        }
    return shown


def _edge_state(source: str, target: str) -> str:
    if source != "done":
        return ""
    return target if target in ("running", "done") else ""


def _worst(problems: tuple[Problem, ...]) -> dict[str, Problem]:
    """The first problem of each node; they come with the worst first."""
    found: dict[str, Problem] = {}
    for problem in problems:
        found.setdefault(problem.node, problem)
    return found
