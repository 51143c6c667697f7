"""What is selected: its name, connections and parameters, all editable."""

from __future__ import annotations

from html import escape
from typing import Any

import ipywidgets as w

from opea_nb.notebook.builder.form import field
from opea_nb.notebook.builder.session import Session
from opea_nb.pipeline import MAIN, Service

__all__ = ["Inspector"]


class Inspector:
    """The form beside the canvas."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._shown: tuple[Any, ...] | None = None
        self._following = False
        self._pick = w.Dropdown(options=[("nothing selected", "")], layout={"width": "auto"})
        self._pick.observe(self._picked, names=["value"])
        self._body = w.VBox([])
        self._body.add_class("opea-body")
        self.widget = w.VBox([self._pick, self._body])
        self.widget.add_class("opea-inspector")
        session.on_refresh(self.refresh)
        self.refresh()

    def _picked(self, change: dict[str, Any]) -> None:
        if not self._following:
            self._session.select(change["new"] or "")

    def refresh(self) -> None:
        """Show the selected service as it is; a form that is still right is left alone, with the focus in it."""
        pipeline, name = self._session.pipeline, self._session.one
        names = [*pipeline.services, *pipeline.engines]
        self._following = True  # new options reset the value: that is no choice of the user's
        options = [("nothing selected", ""), *((n, n) for n in names)]
        if list(self._pick.options) != options:
            self._pick.options = options
        if self._pick.value != name:
            self._pick.value = name
        self._following = False
        edges = tuple(sorted(pipeline.graph.edges))
        shown = (name, pipeline.node(name) if name else None, edges, tuple(names))
        if shown == self._shown:
            return
        self._shown = shown
        self._body.children = self._parts(name) if name else (_hint(pipeline.name, bool(names)),)

    def _parts(self, name: str) -> tuple[w.Widget, ...]:
        node, component = self._session.pipeline.node(name), self._session.pipeline.component(name)
        rename = w.Text(value=name, continuous_update=False, layout={"width": "auto", "flex": "1"})
        rename.add_class("opea-rename")
        rename.observe(lambda change: self._rename(name, change["new"], rename), names=["value"])
        delete = w.Button(description="Delete", icon="trash", tooltip=f"Delete {name}", layout={"width": "auto"})
        delete.add_class("opea-delete")
        delete.on_click(lambda _: self._session.act(lambda: self._session.pipeline.remove(name), f"deleted {name}"))
        head = w.HBox([rename, delete])
        about = w.HTML(f'<div class="opea-about"><b>{escape(node.kind)}</b> · {escape(component.help)}</div>')
        links = self._connections(name) if isinstance(node, Service) else self._users(name)
        fields = [
            field(p, node.parameters.get(p.name), lambda k, v: self._set(name, k, v)) for p in component.parameters
        ]
        settings = [_title("Parameters"), *fields] if fields else []
        return (head, about, _title("Connections"), *links, *settings)

    def _rename(self, name: str, new: str, entry: w.Text) -> None:
        if new == name:
            return
        session = self._session

        if not session.act(lambda: session.pipeline.rename(name, new.strip()), f"renamed {name} to {new}"):
            entry.value = name

    def _set(self, name: str, key: str, value: Any) -> None:
        session = self._session
        if not session.act(lambda: session.pipeline.update(name, parameters={key: value}), f"{name}: {key} set"):
            self._shown = None  # the field shows what was refused: make it anew
            self.refresh()

    def _connections(self, name: str) -> list[w.Widget]:
        session, pipeline = self._session, self._session.pipeline
        rows: list[w.Widget] = []
        for source, target, data in sorted(pipeline.graph.edges(data=True), key=lambda e: e[:2]):
            if name not in (source, target):
                continue
            uses = data["kind"] == "uses"
            text = f"{source} ⇢ {target}" if uses else f"{source} → {target}"
            cut = w.Button(icon="times", tooltip=f"Disconnect {text}", layout={"width": "30px"})
            cut.add_class("opea-cut")
            act = pipeline.unuse if uses else pipeline.disconnect
            cut.on_click(
                lambda _, a=source, b=target, do=act: session.act(lambda: do(a, b), f"disconnected {a} from {b}")
            )
            row = w.HBox([w.HTML(f'<div class="opea-link">{escape(text)}</div>', layout={"flex": "1"}), cut])
            rows.append(row)
        fits, refused = self._targets(name)
        target = w.Dropdown(options=[("choose a target …", ""), *fits], layout={"width": "auto", "flex": "1"})
        target.add_class("opea-target")
        connect = w.Button(description="Connect", layout={"width": "auto"}, tooltip=f"Connect {name} to the target")
        connect.add_class("opea-connect")
        connect.on_click(lambda _: self._connect(name, target.value))
        rows.append(w.HBox([target, connect]))
        if refused:
            items = "".join(f"<li><b>{escape(n)}</b>: {escape(why)}</li>" for n, why in refused)
            why_not = f"<summary>Why not the others?</summary><ul>{items}</ul>"
            rows.append(w.HTML(f'<details class="opea-why">{why_not}</details>'))
        return rows

    def _targets(self, name: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """Names that can be connected to, and the others with the reason."""
        pipeline = self._session.pipeline
        fits = [(engine, engine) for engine in pipeline.engines if not pipeline.graph.has_edge(name, engine)]
        refused = []
        for other in pipeline.services:
            if other == name:
                continue
            why = pipeline.unfit(name, other, flow=MAIN)
            if why:
                refused.append((other, why))
            else:
                fits.append((other, other))
        return sorted(fits), refused

    def _connect(self, source: str, target: str) -> None:
        session = self._session
        if not target:
            session.say("choose a target first", bad=True)
            return
        do = session.pipeline.use if target in session.pipeline.engines else session.pipeline.connect
        session.act(lambda: do(source, target), f"connected {source} to {target}")

    def _users(self, engine: str) -> list[w.Widget]:
        users = sorted(self._session.pipeline.graph.predecessors(engine))
        return [w.HTML(f'<div class="opea-link">used by {escape(", ".join(users) or "nothing yet")}</div>')]


def _title(text: str) -> w.HTML:
    return w.HTML(f'<div class="opea-group">{text}</div>')


def _hint(name: str, filled: bool) -> w.HTML:
    text = "Select a card to see its settings." if filled else "Add a first component from the palette on the left."
    return w.HTML(f'<div class="opea-about"><b>{escape(name)}</b><br>{text}</div>')
