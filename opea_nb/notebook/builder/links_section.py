"""What the selected one is connected to, and what it can be connected to."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from html import escape

import ipywidgets as w

from opea_nb.notebook.builder.light import LATE, Light
from opea_nb.notebook.builder.session import Session
from opea_nb.pipeline.fitting import fits
from opea_nb.pipeline.surgery import connected, extended

__all__ = ["Links"]

_NONE = ("", "")


class Links:
    """Edges with a button that cuts each, a chooser of targets that fit, and one of components that would fit next."""

    title = "Connections"

    def __init__(self, session: Session, light: Light) -> None:
        self._session = session
        self._light = light

    def key(self) -> object:
        """The name, and all that decides on its edges."""
        session = self._session
        graph = session.pipeline.graph
        if not session.one:
            return None
        edges = tuple(sorted((a, b, data["flows"]) for a, b, data in graph.edges(data=True)))
        kinds = tuple((name, data["kind"], data["flows"]) for name, data in graph.nodes(data=True))
        return session.one, session.flow, edges, kinds

    def follow(self) -> None:
        """Nothing: all of it depends on the key."""

    def build(self) -> Sequence[w.Widget]:
        """Make the rows."""
        session, light, name = self._session, self._light, self._session.one
        pipeline = session.pipeline
        rows = [
            self._edge(source, target, data["kind"] == "uses", data["flows"])
            for source, target, data in sorted(pipeline.graph.edges(data=True), key=lambda e: e[:2])
            if name in (source, target)
        ]
        found = fits(pipeline, name, flow=session.flow)
        good = [(other, other) for other, why in found.targets.items() if not why]
        kinds = [(pipeline.catalog[kind].title, kind) for kind, why in found.kinds if not why]
        rows.append(self._chooser("choose a target …", good, "Connect", self._connect, "opea-target", "opea-connect"))
        rows.append(self._chooser("add behind it …", kinds, "Add", self._extend, "opea-next", "opea-extend"))
        refused = [(other, why) for other, why in found.targets.items() if why and not why.startswith(f"{name} is ")]
        if refused:
            items = "".join(f"<li><b>{escape(n)}</b>: {escape(why)}</li>" for n, why in refused)
            summary = f"<summary>Why not the others? ({len(refused)})</summary><ul>{items}</ul>"
            rows.append(light.html(f'<details class="opea-why">{summary}</details>'))
        return rows

    def _edge(self, source: str, target: str, uses: bool, flows: tuple[str, ...]) -> w.Widget:
        session, pipeline = self._session, self._session.pipeline
        arrow, word = ("⇢", "uses") if uses else ("→", "feeds")
        text = f"{source} {arrow} {target}"
        where = (
            "" if uses or len(pipeline.flows) == 1 else f' <span class="opea-fact">{escape(", ".join(flows))}</span>'
        )
        cut = pipeline.unuse if uses else pipeline.disconnect
        button = self._light.button(
            "Disconnect",
            lambda: session.act(lambda: cut(source, target), f"disconnected {source} from {target}"),
            css="opea-cut opea-icon-x",
            hint=f"Disconnect {text}",
        )
        title = escape(f"{source} {word} {target}", quote=True)
        label = self._light.html(f'<div class="opea-link" title="{title}">{escape(text)}{where}</div>', "opea-grow")
        return self._light.row(label, button)

    def _chooser(
        self, empty: str, options: list[tuple[str, str]], word: str, do: Callable[[str], object], *css: str
    ) -> w.Widget:
        """A list and its button; the choice may arrive after the click that is about it."""
        clicked = -LATE

        def click() -> None:
            nonlocal clicked
            if chosen.value:
                do(chosen.value)
                return
            clicked = time.monotonic()
            self._session.say("choose one first", bad=True)

        def arrived(value: str) -> None:
            if value and time.monotonic() - clicked < LATE:
                do(value)

        chosen = self._light.choice([(empty, ""), *options], "", arrived, css=f"{css[0]} opea-grow")
        return self._light.row(chosen, self._light.button(word, click, css=f"{css[1]} opea-plain"))

    def _connect(self, other: str) -> None:
        session, name = self._session, self._session.one
        flow = session.flow
        session.act(
            lambda: session.pipeline.apply(connected(session.pipeline, name, other, flow=flow)),
            f"connected {name} to {other}",
        )

    def _extend(self, kind: str) -> None:
        session, name = self._session, self._session.one

        def extend() -> None:
            edit, new = extended(session.pipeline, kind, name, flow=session.flow)
            session.pipeline.apply(edit)
            session.select(new)

        session.act(extend, f"added {session.pipeline.catalog[kind].title} behind {name}")
