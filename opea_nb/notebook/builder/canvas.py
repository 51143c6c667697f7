"""The canvas: an ipycytoscape graph that the bridge draws into; where there is no bridge, it is filled plainly here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ipycytoscape

from opea_nb.formats.layout import CARD, Point
from opea_nb.formats.picture import HUES
from opea_nb.notebook.builder.scene import Scene
from opea_nb.notebook.look import MARKS

__all__ = ["Canvas"]

_MOVED = 3.0  # pixels; less is a click
_HUES = tuple(HUES.values())


class Canvas:
    """The widget, and the plain drawing in it.

    Every card and edge that ipycytoscape draws is a widget with a comm of its own, so this is only for pages in which
    the bridge cannot load; while it lives, nothing here touches the widget.

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
        self._nodes: dict[str, ipycytoscape.Node] = {}
        self._edges: dict[str, ipycytoscape.Edge] = {}
        self._listening = False
        self._round = 0
        self.filled = False
        """Whether the plain drawing is shown."""
        self.widget = ipycytoscape.CytoscapeWidget(
            # with any other layout each edit would move every card
            cytoscape_layout={"name": "preset", "fit": True, "padding": 28},
            cytoscape_style=_style(),
            auto_unselectify=False,
            user_zooming_enabled=False,  # the wheel stays the page's
            max_zoom=2.0,
            min_zoom=0.1,
            zoom=1.0,
            tooltip_source="",  # a tooltip is put into the page as HTML
        )
        self.widget.add_class("opea-canvas")

    def fill(self, scene: Scene) -> None:
        """Show the scene plainly; what is drawn already and is the same is left alone."""
        self.filled = True
        if not self._listening:
            self._listening = True
            # one kind of event only: ipycytoscape skips those registered after one that it already listens to
            self.widget.on("node", "mouseup", self._released)
        graph, selected = self.widget.graph, set(scene["selected"])
        if self._is_stale(scene):
            self._forget()
        new = []
        for name, card in scene["nodes"].items():
            told = _told(card, name in selected, self._id(name))
            known = self._nodes.get(name)
            if known is None:
                self._nodes[name] = made = ipycytoscape.Node(**told)
                new.append(made)
                continue
            for trait, value in told.items():
                if getattr(known, trait) != value:
                    setattr(known, trait, value)
        if new:
            graph.add_nodes(new)
        edges = []
        for key, edge in scene["edges"].items():
            if key not in self._edges:
                ends = {"source": self._id(edge["source"]), "target": self._id(edge["target"])}
                data = {"id": f"e{self._round}:{key}", **ends}
                self._edges[key] = made = ipycytoscape.Edge(data=data, classes=edge["kind"])
                edges.append(made)
        if edges:
            graph.add_edges(edges, directed=True)

    def empty(self) -> None:
        """Show nothing of its own any more."""
        if self.filled:
            self.filled = False
            self._forget()

    def _id(self, name: str) -> str:
        return f"n{self._round}:{name}"

    def _is_stale(self, scene: Scene) -> bool:
        """Whether a card or edge is drawn that is none any more, or is one of another kind."""
        nodes, edges = scene["nodes"], scene["edges"]
        return any(name not in nodes for name in self._nodes) or any(
            key not in edges or edge.classes != edges[key]["kind"] for key, edge in self._edges.items()
        )

    def _forget(self) -> None:
        """Take everything off.

        ipycytoscape's page makes all that follows a removed element in its list anew before the old ones are gone, and
        loses both: what is drawn next has other ids, and is in no list beside it.
        """
        self._round += 1
        self.widget.graph.clear()
        for element in (*self._nodes.values(), *self._edges.values()):
            element.close()
        self._nodes.clear()
        self._edges.clear()

    def _released(self, element: Mapping[str, Any]) -> None:
        data, at = element.get("data"), element.get("position")
        name = str(data.get("name", "")) if isinstance(data, dict) else ""
        known = self._nodes.get(name)
        if known is None:
            return
        if isinstance(at, dict) and all(isinstance(at.get(axis), (int, float)) for axis in "xy"):
            was = known.position
            if abs(at["x"] - was["x"]) > _MOVED or abs(at["y"] - was["y"]) > _MOVED:
                self._on_move(name, (round(at["x"] - CARD[0] / 2), round(at["y"] - CARD[1] / 2)))
        self._on_select(name)


def _told(card: Mapping[str, Any], chosen: bool, key: str) -> dict[str, Any]:
    marks = " ".join(filter(None, (MARKS.get(card["state"], ""), card["time"])))
    sign = {"error": "✕ ", "warning": "⚠ "}.get(card["problem"], "")
    classes = [card["role"], f"hue{card['hue']}", card["problem"], "chosen" if chosen else ""]
    return {
        "data": {"id": key, "name": card["id"], "label": f"{sign}{card['id']}\n{marks or card['line']}"},
        "classes": " ".join(filter(None, classes)),
        "position": {"x": card["x"] + CARD[0] / 2, "y": card["y"] + CARD[1] / 2},
    }


def _style() -> list[dict[str, Any]]:
    """Cards that can be read in any theme: they bring their own ground."""
    width, height = CARD
    node = {
        "shape": "round-rectangle",
        "width": width,
        "height": height,
        "background-color": "#ffffff",
        "border-width": 2,
        "label": "data(label)",
        "color": "#1f2328",
        "font-size": 12,
        "text-valign": "center",
        "text-halign": "center",
        "text-wrap": "wrap",
        "text-max-width": width - 12,
        "overlay-opacity": 0,
    }
    edge = {"width": 1.5, "line-color": "#8a9099", "curve-style": "bezier", "overlay-opacity": 0}
    arrow = {"target-arrow-shape": "triangle", "target-arrow-color": "#8a9099"}
    return [
        {"selector": "node", "style": node},
        *({"selector": f"node.hue{n}", "style": {"border-color": hue}} for n, hue in enumerate(_HUES)),
        {"selector": "node.engine", "style": {"border-style": "dashed"}},
        {"selector": "node.error", "style": {"border-color": "#c62828", "border-width": 3}},
        {"selector": "node.chosen", "style": {"border-color": "#1769d2", "border-width": 4}},
        {"selector": "edge", "style": edge},
        {"selector": "edge.flow", "style": arrow},
        {"selector": "edge.uses", "style": {"line-style": "dashed", "width": 1}},
    ]
