"""The graph of the Builder, on ipycytoscape: patched by the smallest change, it tells what is clicked or moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ipycytoscape

from opea_nb.formats.layout import CARD, Point, positions
from opea_nb.notebook.builder.card import Colours, Face, card, stylesheet
from opea_nb.notebook.look import colour
from opea_nb.pipeline import Pipeline, Service

__all__ = ["Canvas"]

_MOVED = 3.0  # pixels; less is a click


class Canvas:
    """A view of a pipeline.

    Parameters
    ----------
    on_select
        Told the name of a card that was clicked.
    on_move
        Told the name and new place of a card that was dragged.
    """

    def __init__(self, on_select: Callable[[str], None], on_move: Callable[[str, Point], None]) -> None:
        self._on_select = on_select
        self._on_move = on_move
        self._colours = Colours()
        self._nodes: dict[str, ipycytoscape.Node] = {}
        self._edges: dict[tuple[str, str, str], ipycytoscape.Edge] = {}
        self._places: dict[str, Point] = {}
        self.widget = ipycytoscape.CytoscapeWidget(
            # with any other layout each edit would move every card
            cytoscape_layout={"name": "preset", "fit": True, "padding": 28},
            cytoscape_style=stylesheet(self._colours),
            auto_unselectify=False,
            user_zooming_enabled=False,  # the wheel stays the page's
            max_zoom=1.0,
            min_zoom=0.25,
            zoom=1.0,
            tooltip_source="",  # a tooltip is put into the page as HTML
        )
        self.widget.add_class("opea-canvas")
        # one kind of event only: ipycytoscape skips those registered after one that it already listens to
        self.widget.on("node", "mouseup", self._released)

    def paint(self, colours: Colours) -> None:
        """Use these colours from now on."""
        if colours != self._colours:
            self._colours = colours
            self.widget.cytoscape_style = stylesheet(colours)

    def show(self, pipeline: Pipeline, *, selected: str = "", states: Mapping[str, str] | None = None) -> None:
        """Show the pipeline; what is the same as before is left alone.

        Parameters
        ----------
        selected
            Name of the selected card.
        states
            Service name -> state, of a deployment or a run.
        """
        self._places = _places(pipeline)
        wanted = {
            (u, v, "flow" if data["kind"] == "flow" else "uses") for u, v, data in pipeline.graph.edges(data=True)
        }
        graph = self.widget.graph
        for key in [k for k in self._edges if k not in wanted]:
            graph.remove_edge(self._edges.pop(key))
        for name in [n for n in self._nodes if n not in self._places]:
            graph.remove_node(self._nodes.pop(name))
        bad = {p.node for p in pipeline.problems() if p.severity == "error"}
        new = []
        for name, place in self._places.items():
            data, classes = self._looks(pipeline, name, (states or {}).get(name, ""))
            classes += " problem" if name in bad else ""
            classes += " chosen" if name == selected else ""
            position = _centre(place)
            known = self._nodes.get(name)
            if known is None:
                made = ipycytoscape.Node(data=data, classes=classes, position=position)
                self._nodes[name] = made
                new.append(made)
                continue
            if dict(known.data) != data:
                known.data = data
            if known.classes != classes:
                known.classes = classes
            if dict(known.position) != position:
                known.position = position
        if new:
            graph.add_nodes(new)
        edges = []
        for source, target, kind in sorted(wanted - set(self._edges)):
            data = {"id": f"{source}>>{target}", "source": source, "target": target, "bend": 0.0, "bends": "0 0"}
            self._edges[source, target, kind] = ipycytoscape.Edge(data=data, classes=kind)
            edges.append(self._edges[source, target, kind])
        if edges:
            graph.add_edges(edges, directed=True)
        self._bend()

    def _bend(self) -> None:
        """Let arrows between rows leave and arrive level, in an S."""
        for (source, target, _kind), edge in self._edges.items():
            fall = self._places[target][1] - self._places[source][1]
            run = max(self._places[target][0] - self._places[source][0], 1.0)
            # distance of the control points from the straight line between the centres
            away = round(fall * 0.25 * run / (run**2 + fall**2) ** 0.5, 1)
            if edge.data["bend"] != away:
                edge.data = {**edge.data, "bend": away, "bends": f"{-away} {away}"}
                edge.classes = f"{edge.classes.replace(' bent', '')}{' bent' if away else ''}"

    def _looks(self, pipeline: Pipeline, name: str, state: str) -> tuple[dict[str, Any], str]:
        node = pipeline.node(name)
        line = f"{node.kind} · elsewhere" if node.url else node.kind
        engine = not isinstance(node, Service)
        face = Face(name, line, colour(pipeline.catalog, node.kind), engine, state)
        return {"id": name, "card": card(face, self._colours)}, "engine" if engine else "service"

    def _released(self, element: dict[str, Any]) -> None:
        name = str(element.get("data", {}).get("id", ""))
        if name not in self._places:
            return
        at = element.get("position") or {}
        place = (float(at.get("x", 0)) - CARD[0] / 2, float(at.get("y", 0)) - CARD[1] / 2)
        was = self._places[name]
        if abs(place[0] - was[0]) > _MOVED or abs(place[1] - was[1]) > _MOVED:
            self._on_move(name, (round(place[0]), round(place[1])))
        self._on_select(name)


def _places(pipeline: Pipeline) -> dict[str, Point]:
    placed = positions(pipeline)
    for name in placed:
        own = pipeline.node(name).position
        if own is not None:
            placed[name] = own
    return placed


def _centre(place: Point) -> dict[str, float]:
    return {"x": place[0] + CARD[0] / 2, "y": place[1] + CARD[1] / 2}
