"""What can be added: the catalogue by group, with a search."""

from __future__ import annotations

from html import escape
from typing import Any

import ipywidgets as w

from opea_nb.catalog import Component
from opea_nb.notebook.builder.form import on_enter
from opea_nb.notebook.builder.session import Session
from opea_nb.notebook.look import hue

__all__ = ["palette"]


def palette(session: Session) -> w.VBox:
    """Buttons that add a component each; Enter in the search adds the first one found."""
    search = w.Text(placeholder="Search components", continuous_update=True, layout={"width": "auto"})
    search.add_class("opea-search")
    catalog = session.pipeline.catalog
    groups: dict[str, list[Component]] = {}
    for component in catalog.values():
        groups.setdefault(component.group or "Custom", []).append(component)

    def add(kind: str) -> None:
        def adding() -> None:
            session.select(session.pipeline.add(kind).name)

        session.act(adding, f"added {kind}")

    rows: list[tuple[str, w.Button]] = []
    sections: list[tuple[w.HTML, list[w.Button]]] = []
    for group in sorted(groups, key=lambda g: (g in ("Custom", "Engines"), g == "Custom")):
        title = w.HTML(f'<div class="opea-group">{escape(group)}</div>')
        buttons = []
        for component in groups[group]:
            button = w.Button(description=component.title, tooltip=f"{component.kind}: {component.help}")
            button.add_class("opea-entry")
            button.add_class(f"opea-entry-{hue(catalog, component.kind)}")
            button.on_click(lambda _, kind=component.kind: add(kind))
            rows.append((component.kind, button))
            buttons.append(button)
        sections.append((title, buttons))

    def found(component: Component) -> bool:
        words = search.value.casefold().split()
        text = " ".join((component.kind, component.title, component.group, *component.aliases)).casefold()
        return all(word in text for word in words)

    def filter_entries(_: Any) -> None:
        shown = {kind for kind, _ in rows if found(catalog[kind])}
        for kind, button in rows:
            button.layout.display = "" if kind in shown else "none"
        by_button = {button: kind for kind, button in rows}
        for title, buttons in sections:
            title.layout.display = "" if any(by_button[b] in shown for b in buttons) else "none"

    def add_first() -> None:
        first = next((kind for kind, _ in rows if found(catalog[kind])), None)
        if first is None:
            session.say(f"no component matches {search.value!r}", bad=True)
            return
        search.value = ""
        add(first)

    search.observe(filter_entries, names=["value"])
    on_enter(search, add_first)
    entries = w.VBox([x for title, buttons in sections for x in (title, *buttons)])
    entries.add_class("opea-entries")
    box = w.VBox([search, entries])
    box.add_class("opea-palette")
    return box
