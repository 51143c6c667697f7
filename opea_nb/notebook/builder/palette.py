"""What can be added: the catalogue by group, with a search."""

from __future__ import annotations

from html import escape

import ipywidgets as w

from opea_nb.catalog import Component
from opea_nb.notebook.builder.editing import add
from opea_nb.notebook.builder.finding import found, grouped
from opea_nb.notebook.builder.light import Light, on_enter
from opea_nb.notebook.builder.session import Session
from opea_nb.notebook.look import hue, icon

__all__ = ["Palette"]


class Palette:
    """Buttons that add a component each; Enter in the search adds the first one found.

    The page makes the buttons draggable: it reads the kind from their class.

    Parameters
    ----------
    filled
        Whether it has its buttons from the start. They are a third of the Builder's widgets, and the cards need not
        wait for them: `fill` makes them later.
    """

    def __init__(self, session: Session, light: Light, *, filled: bool = True) -> None:
        self._session = session
        self._catalog = session.pipeline.catalog
        self._light = light
        self._search = w.Text(placeholder="Search components", continuous_update=True, layout=self._light.layout)
        self._search.add_class("opea-search")
        self._search.observe(lambda _: self._filter(), names=["value"])
        on_enter(self._search, self._add_first)
        self._entries: dict[str, w.Button] = {}
        self._heads: dict[str, w.Button] = {}
        self._folded: set[str] = set()
        self._groups = grouped(self._catalog)
        self._nothing = self._light.html(css="opea-nothing")
        self._list = self._light.column(css="opea-entries")
        self.widget = self._light.column(self._search, self._list, css="opea-palette")
        if filled:
            self.fill()

    def fill(self) -> None:
        """Make the buttons; doing it again changes nothing."""
        with self._session.lock:
            if not self._entries:
                self._entries = {kind: self._entry(component) for kind, component in self._catalog.items()}
                self._heads = {name: self._head(name) for name in self._groups}
                self._filter()

    def _entry(self, component: Component) -> w.Button:
        kind = component.kind
        css = f"opea-entry opea-kind-{kind} opea-entry-{hue(self._catalog, kind)} opea-icon-{icon(self._catalog, kind)}"
        hint = f"{kind}: {component.help}" if component.help else kind
        return self._light.button(component.title, lambda: self._add(kind), css=css, hint=hint)

    def _head(self, group: str) -> w.Button:
        def fold() -> None:
            self._folded ^= {group}
            head = self._heads[group]
            (head.add_class if group in self._folded else head.remove_class)("opea-folded")
            self._filter()

        hint = f"Fold or unfold {group}"
        return self._light.button(f"{group} · {len(self._groups[group])}", fold, css="opea-group-button", hint=hint)

    def _filter(self) -> None:
        if not self._entries:
            return
        shown: list[w.Widget] = []
        search = self._search.value.strip()
        if search:
            shown += [self._entries[kind] for kind in found(self._catalog, search)]
            if not shown:
                self._nothing.value = f"<div>No component matches {escape(repr(search))}.</div>"
                shown = [self._nothing]
            self._list.add_class("opea-found")
        else:
            for group, components in self._groups.items():
                shown.append(self._heads[group])
                if group not in self._folded:
                    shown += [self._entries[c.kind] for c in components]
            self._list.remove_class("opea-found")
        if self._list.children != tuple(shown):
            self._list.children = tuple(shown)

    def _add_first(self) -> None:
        search = self._search.value.strip()
        kinds = found(self._catalog, search) if search else ()
        if not kinds:
            why = f"no component matches {search!r}" if search else "type what to add first: embedding, llm …"
            self._session.say(why, bad=True)
            return
        self._search.value = ""
        self._add(kinds[0])

    def _add(self, kind: str) -> None:
        self._session.act(lambda: add(self._session, kind), f"added {self._catalog[kind].title}")
