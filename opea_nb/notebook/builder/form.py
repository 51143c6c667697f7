"""A field for each parameter of a component, by its type."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets as w

from opea_nb.catalog.model import Parameter

__all__ = ["field", "on_enter"]

Changed = Callable[[str, Any], None]


def field(parameter: Parameter, value: Any, changed: Changed) -> w.Widget:
    """The field of one parameter.

    Parameters
    ----------
    value
        What is set; ``None`` for the component's default.
    changed
        Told name and new value; ``None`` takes the setting out.
    """
    control = _control(parameter, value)
    control.layout.width = "auto"

    def commit(change: dict[str, Any]) -> None:
        try:
            new = _parsed(parameter, change["new"])
        except ValueError:
            new = change["new"]  # the catalogue's own check says what is wrong with it
        changed(parameter.name, new)

    control.observe(commit, names=["value"])
    label = w.HTML(_label(parameter, value is not None))
    box = w.VBox([label, control])
    box.add_class("opea-field")
    return box


def on_enter(text: w.Text, act: Callable[[], None]) -> None:
    """Call `act` when Enter is pressed in the field (ipywidgets' own `on_submit` is deprecated without a successor)."""

    def heard(_: w.Widget, content: dict[str, Any], __: object) -> None:
        if content.get("event") == "submit":
            act()

    text.on_msg(heard)


def _control(p: Parameter, value: Any) -> w.ValueWidget:
    hint = "" if p.default is None else str(p.default)
    match p.type:
        case "choice":
            options = [(f"default ({hint})" if hint else "default", None), *((c, c) for c in p.choices)]
            return w.Dropdown(options=options, value=value if value in p.choices else None)
        case "boolean":
            words = {True: "yes", False: "no"}
            default = f"default ({words[p.default]})" if isinstance(p.default, bool) else "default"
            return w.Dropdown(options=[(default, None), ("yes", True), ("no", False)], value=value)
        case "text":
            return w.Textarea(value=str(value or ""), placeholder=hint, rows=4, continuous_update=False)
    text = "" if value is None else str(value)
    return w.Text(value=text, placeholder=hint, continuous_update=False)


def _parsed(p: Parameter, value: Any) -> Any:
    if value is None or value == "":
        return None
    if p.type == "integer":
        return int(value)
    if p.type == "number":
        return float(value)
    return value


def _label(p: Parameter, is_set: bool) -> str:
    span = ""
    if p.minimum is not None or p.maximum is not None:
        low = "" if p.minimum is None else f"{p.minimum:g}"
        high = "" if p.maximum is None else f"{p.maximum:g}"
        span = f"{low} – {high}" if low and high else f"≥ {low}" if low else f"≤ {high}"
    facts = " ".join(x for x in (span, p.unit) if x)
    name = f"<b>{escape(p.name)}</b>" if is_set else escape(p.name)
    return (
        f'<div class="opea-label"><span>{name}</span><span class="opea-fact">{escape(facts)}</span></div>'
        f'<div class="opea-help">{escape(p.help)}</div>'
    )
