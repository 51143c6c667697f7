"""Fields of a form: each tells what it is about, takes what is sound, and gives the reason where it does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import ipywidgets as w

from opea_nb.catalog.model import Parameter
from opea_nb.notebook.builder.light import Light, on_enter

__all__ = ["Commit", "Field", "of_parameter", "on_enter"]

Commit = Callable[[Any], str]
"""Takes what was typed; gives the reason why not, or nothing."""


class Field:
    """A control with its name above and a line of help below.

    Parameters
    ----------
    control
        What is typed into, made with the value that is set.
    hint
        Markup for the line below; its maker has escaped what is not its own.
    """

    def __init__(self, light: Light, control: w.ValueWidget, hint: str, commit: Commit) -> None:
        self._control = control
        self._value = control.value
        self._help = hint
        self._note = light.html(hint, "opea-help")
        self._commit = commit
        control.add_class("opea-field")
        control.observe(self._typed, names=["value"])
        self.widgets: tuple[w.Widget, ...] = (control, self._note)

    def show(self, value: Any) -> None:
        """Show what is set by now; the control is left alone where it shows that already."""
        self._value = value
        if self._control.value != value:
            self._control.value = value

    def _typed(self, change: dict[str, Any]) -> None:
        if change["new"] == self._value:
            return
        before, reason = self._value, self._commit(change["new"])
        if reason:
            self._note.value = f'<div class="opea-bad" role="alert">{escape(reason)}</div>{self._help}'
            self.show(before)
        elif self._note.value != self._help:
            self._note.value = self._help


def of_parameter(light: Light, parameter: Parameter, value: Any, commit: Commit) -> Field:
    """The field of one parameter.

    Parameters
    ----------
    value
        What is set; ``None`` for the component's default.
    commit
        Told the new value; ``None`` takes the setting out.
    """

    def parsed(typed: Any) -> str:
        try:
            new = _parsed(parameter, typed)
        except ValueError:
            new = typed  # the catalogue's own check says what is wrong with it
        return commit(new)

    return Field(light, _control(light, parameter, value), _about(parameter), parsed)


def shown(parameter: Parameter, value: Any) -> Any:
    """What the parameter's control holds for a value."""
    if parameter.type == "boolean":
        return value if isinstance(value, bool) else None
    if parameter.type == "choice":
        return value if value in parameter.choices else None
    return "" if value is None else str(value)


def _control(light: Light, p: Parameter, value: Any) -> w.ValueWidget:
    hint = "" if p.default is None else str(p.default)
    value = shown(p, value)
    match p.type:
        case "choice":
            default = f"default ({hint})" if hint else "default"
            control: w.ValueWidget = light.choice([(default, None), *((c, c) for c in p.choices)], value)
        case "boolean":
            words = {True: "yes", False: "no"}
            default = f"default ({words[p.default]})" if isinstance(p.default, bool) else "default"
            control = light.choice([(default, None), ("yes", True), ("no", False)], value)
        case "text":
            control = light.area(value, placeholder=hint, rows=4)
        case _:
            control = light.text(value, placeholder=hint)
    control.description = p.name
    return control


def _parsed(p: Parameter, value: Any) -> Any:
    if value is None or value == "":
        return None
    if p.type == "integer":
        return int(value)
    if p.type == "number":
        return float(value)
    return value


def _about(p: Parameter) -> str:
    return about(p.help, (_KINDS.get(p.type, ""), _span(p.minimum, p.maximum), p.unit))


def about(hint: str, facts: Sequence[str] = ()) -> str:
    """Facts and a sentence as markup: ``whole number · 1 – 50``, and what it is for."""
    told = " · ".join(escape(fact) for fact in facts if fact)
    quiet = f'<span class="opea-fact">{told}</span>' if told else ""
    return f"<div>{quiet}{' ' if quiet and hint else ''}{escape(hint)}</div>"


_KINDS = {"integer": "whole number", "number": "number", "string": "text", "text": "text, several lines"}


def _span(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f"{low:g} – {high:g}"
    return f"from {low:g}" if low is not None else f"up to {high:g}" if high is not None else ""
