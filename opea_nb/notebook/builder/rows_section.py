"""Names with values, one row each: environment, resources, and the parameters of a kind that takes any."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import ipywidgets as w

from opea_nb.errors import FormatError
from opea_nb.formats import yaml_text
from opea_nb.notebook.builder.form import Field, about
from opea_nb.notebook.builder.hiding import refusal
from opea_nb.notebook.builder.light import LATE, Light
from opea_nb.notebook.builder.session import Session
from opea_nb.notebook.builder.settings_sections import set_fields
from opea_nb.pipeline.secrets import is_plain_secret

__all__ = ["Environment", "FreeParameters", "Resources"]


class _Rows:
    """Rows that can be changed, taken out, and added to."""

    title = ""
    field = ""
    example = ("NAME", "value")
    word = "variable"

    def __init__(self, session: Session, light: Light) -> None:
        self._session = session
        self._light = light
        self._rows: dict[str, Field] = {}

    def values(self) -> Mapping[str, Any]:
        """What is set."""
        found: Mapping[str, Any] = getattr(self._session.pipeline.node(self._session.one), self.field)
        return found

    def key(self) -> object:
        """The name, and the names of the rows."""
        return (self._session.one, tuple(self.values())) if self._session.one else None

    def build(self) -> Sequence[w.Widget]:
        """Make the rows."""
        light = self._light
        made: list[w.Widget] = [light.html(self.hint(), "opea-help")] if self.hint() else []
        self._rows = {}
        for name, value in self.values().items():
            made += self._row(name, value)
        return [*made, self._adding()]

    def _row(self, name: str, value: Any) -> list[w.Widget]:
        light = self._light
        control = light.text(self.shown(name, value), description=str(name), css="opea-grow")
        field = self._rows[name] = Field(light, control, "", lambda typed: self.put(name, typed))
        out = light.button("Remove", lambda: self.take(name), css="opea-cut opea-icon-x", hint=f"Remove {name}")
        return [light.row(control, out, css="opea-pair"), field.widgets[1]]

    def follow(self) -> None:
        """Show what is set."""
        for name, value in self.values().items():
            self._rows[name].show(self.shown(name, value))

    def _adding(self) -> w.Widget:
        light, clicked = self._light, -LATE
        name = light.text(placeholder=self.example[0], css="opea-new-name", tooltip=f"Name of the new {self.word}")
        value = light.text(placeholder=self.example[1], css="opea-new-value", tooltip="Its value")

        def put() -> None:
            nonlocal clicked
            clicked = -LATE
            key, text = name.value.strip(), value.value
            if self.put(key, text):
                value.value = ""

        def click() -> None:
            nonlocal clicked
            if name.value.strip():
                put()
                return
            clicked = time.monotonic()
            self._session.say(f"type the name of the {self.word} first", bad=True)

        def arrived(_: object) -> None:
            late = time.monotonic() - clicked < LATE
            if name.value.strip() and (late or value.value):
                put()

        for text in (name, value):
            text.observe(arrived, names=["value"])
        add = light.button("Add", click, css="opea-plain opea-add-row", hint=f"Add the {self.word}")
        return light.row(name, value, add, css="opea-pair")

    def hint(self) -> str:
        """Markup above the rows."""
        return ""

    def shown(self, name: str, value: Any) -> str:  # noqa: ARG002 - for those that hide some
        """A value as the row's text."""
        return str(value)

    def parsed(self, typed: str) -> Any:
        """What a text means."""
        return typed

    def put(self, name: str, typed: str) -> str:
        """Set one; gives the reason where that is refused."""
        session = self._session
        if why := refusal(name, typed):
            session.say(why, bad=True)
            return why
        try:
            value = self.parsed(typed)
        except FormatError as error:
            session.say(f"{name}: {error.problem}", bad=True)
            return error.problem
        return self._set({**self.values(), name: value}, f"{session.one}: {name} set")

    def take(self, name: str) -> None:
        """Take one out."""
        left = {key: value for key, value in self.values().items() if key != name}
        self._set(left, f"{self._session.one}: {name} removed", gone=name)

    def _set(self, values: Mapping[str, Any], done: str, gone: str = "") -> str:
        fields = {
            self.field: {**values, gone: None} if gone and self.field in ("environment", "parameters") else values
        }
        return set_fields(self._session, self._session.one, done, **fields)


class Environment(_Rows):
    """Variables of the process. A secret is a reference to the deployer's variable, never a value."""

    title = "Environment"
    field = "environment"
    example = ("NAME", "value or ${NAME}")

    def hint(self) -> str:
        """Which variables its forms ask for, and how a secret is written."""
        pipeline, name = self._session.pipeline, self._session.one
        node = pipeline.node(name)
        component = pipeline.catalog.get(node.kind)
        forms = component.forms if component else {}
        chosen = [forms[node.form]] if node.form in forms else list(forms.values())
        wanted = sorted({v for form in chosen for v in (*form.secrets, *form.required)} - set(node.environment))
        asks = f"Its forms may ask for {', '.join(wanted)} where you deploy. " if wanted else ""
        return about(f"{asks}Secrets are written as ${{NAME}}: their values never come in here.")

    def shown(self, name: str, value: str) -> str:
        """A secret that came from elsewhere in plain text is not shown."""
        return "" if is_plain_secret(name, value) or refusal(name, value) else value


class Resources(_Rows):
    """What each replica asks for."""

    title = "Resources"
    field = "resources"
    example = ("memory", "2Gi")
    word = "resource"

    def hint(self) -> str:
        """How amounts are written."""
        return about("As Kubernetes writes them: cpu 500m or 2, memory 2Gi, gpu 1.")


class FreeParameters(_Rows):
    """Parameters of a kind that takes any; values are read as YAML, so that 3 is a number."""

    title = "Parameters"
    field = "parameters"
    example = ("name", "value")
    word = "parameter"

    def key(self) -> object:
        """Only for a kind without parameters of its own."""
        session = self._session
        if not session.one:
            return None
        component = session.pipeline.catalog.get(session.pipeline.node(session.one).kind)
        free = component is not None and not component.parameters and component.kind == "service"
        return super().key() if free or (component is None and self.values()) else None

    def shown(self, name: str, value: Any) -> str:
        """As YAML."""
        if isinstance(value, str) and refusal(name, value):
            return ""
        try:
            plain = isinstance(value, str) and self.parsed(value) == value
        except FormatError:
            plain = False
        return str(value) if plain else json.dumps(value, ensure_ascii=False, default=str)

    def parsed(self, typed: str) -> Any:
        """A YAML value, or the text itself."""
        data = yaml_text.load(f"v: {typed}", "value").data if typed.strip() else {"v": typed}
        return data["v"] if isinstance(data, dict) else typed
