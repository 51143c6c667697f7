"""Parameters of the selected one, and how it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets as w

from opea_nb.notebook.builder.amending import of_kind
from opea_nb.notebook.builder.form import Commit, Field, about, of_parameter, shown
from opea_nb.notebook.builder.hiding import is_key, refusal
from opea_nb.notebook.builder.light import Light
from opea_nb.notebook.builder.session import Session
from opea_nb.pipeline import Service

__all__ = ["Parameters", "Running", "set_fields"]


def set_fields(session: Session, name: str, done: str, **fields: Any) -> str:
    """Set fields of a service or engine for the user; gives the reason where that is refused."""
    good = session.act(lambda: session.pipeline.update(name, **fields), done)
    return "" if good else session.said[0]


class Parameters:
    """A field for each parameter that the catalogue has."""

    title = "Parameters"

    def __init__(self, session: Session, light: Light) -> None:
        self._session = session
        self._light = light
        self._fields: dict[str, Field] = {}

    def key(self) -> object:
        """Name and kind."""
        session = self._session
        if not session.one:
            return None
        component = session.pipeline.catalog.get(session.pipeline.node(session.one).kind)
        return (session.one, component) if component and component.parameters else None

    def build(self) -> Sequence[w.Widget]:
        """Make the fields."""
        session, name = self._session, self._session.one
        node, component = session.pipeline.node(name), session.pipeline.component(name)

        def setting(key: str) -> Commit:
            return lambda value: self._set(name, key, value)

        self._fields = {
            p.name: of_parameter(self._light, p, node.parameters.get(p.name), setting(p.name))
            for p in component.parameters
        }
        return [widget for field in self._fields.values() for widget in field.widgets]

    def follow(self) -> None:
        """Show what is set."""
        pipeline, name = self._session.pipeline, self._session.one
        node, component = pipeline.node(name), pipeline.component(name)
        for p in component.parameters:
            self._fields[p.name].show(shown(p, node.parameters.get(p.name)))

    def _set(self, name: str, key: str, value: Any) -> str:
        if isinstance(value, str) and (why := refusal(key, value)):
            self._session.say(why, bad=True)
            return why
        done = f"{name}: {key} is the default again" if value is None else f"{name}: {key} set"
        return set_fields(self._session, name, done, parameters={key: value})


class Running:
    """Kind, form, image, address, replicas."""

    title = "How it runs"

    def __init__(self, session: Session, light: Light) -> None:
        self._session = session
        self._light = light
        self._fields: dict[str, Field] = {}

    def key(self) -> object:
        """Name and kind."""
        one = self._session.one
        return (one, self._session.pipeline.node(one).kind) if one else None

    def follow(self) -> None:
        """Show what is set."""
        for field, value in self._values().items():
            self._fields[field].show(value)

    def _values(self) -> Mapping[str, Any]:
        node = self._session.pipeline.node(self._session.one)
        values = {
            "kind": node.kind,
            "form": node.form,
            "image": node.image,
            "port": str(node.port or ""),
            "replicas": str(node.replicas),
            "url": node.url if not refusal("url", node.url) else "",
        }
        if isinstance(node, Service):
            values |= {"endpoint": node.endpoint, "api_key": node.api_key}
        return values

    def build(self) -> Sequence[w.Widget]:
        """Make the fields."""
        pipeline, name = self._session.pipeline, self._session.one
        node, component = pipeline.node(name), pipeline.catalog.get(pipeline.node(name).kind)
        forms = component.forms if component else {}
        form = forms.get(node.form) or next(iter(forms.values()), None)
        values, fields = self._values(), {}
        kinds = [(self._title(kind), kind) for kind in self._like(name)]
        options = [("chosen where it is deployed", ""), *((f, f) for f in forms)]
        if node.form not in ("", *forms):
            options.append((node.form, node.form))
        fields["kind"] = self._choice("kind", "Kind", kinds, "Others that take and give the same.", self._set_kind)
        fields["form"] = self._choice("form", "Form", options, "Which of its forms runs.")
        image = form.image if form else ""
        fields["image"] = self._line("image", "Image", image, "Container image; the form's own when empty.")
        port = str(component.port or "") if component else ""
        fields["port"] = self._line("port", "Port", port, "1 – 65535; the catalogue's when empty.", _whole)
        if "endpoint" in values:
            endpoint = component.endpoint if component else ""
            fields["endpoint"] = self._line("endpoint", "Endpoint", endpoint, "URL path that takes a request.")
        hint = "Absolute URL of one that runs elsewhere: it is not deployed then."
        fields["url"] = self._line("url", "Runs elsewhere", "http://host:port/path", hint)
        if "api_key" in values:
            hint = "NAME of the environment variable that holds the key for that URL; never the key."
            fields["api_key"] = self._line("api_key", "API key variable", "OPENAI_API_KEY", hint)
        fields["replicas"] = self._line("replicas", "Replicas", "1", "How many of it run.", _whole_from_one)
        self._fields = fields
        return [widget for field in fields.values() for widget in field.widgets]

    def _title(self, kind: str) -> str:
        component = self._session.pipeline.catalog.get(kind)
        return f"{component.title} ({kind})" if component else kind

    def _like(self, name: str) -> list[str]:
        """Kinds that could stand in its place without another wire."""
        pipeline = self._session.pipeline
        kind = pipeline.node(name).kind
        own = pipeline.catalog.get(kind)
        if own is None:
            return [kind]
        return [
            k
            for k, c in pipeline.catalog.items()
            if k == kind or ((c.role, c.input, c.output, c.group) == (own.role, own.input, own.output, own.group))
        ]

    def _set_kind(self, kind: str) -> str:
        session, name = self._session, self._session.one
        good = session.act(
            lambda: session.pipeline.apply(of_kind(session.pipeline, name, kind)), f"{name} is {kind} from now on"
        )
        return "" if good else session.said[0]

    def _line(
        self,
        field: str,
        label: str,
        placeholder: str,
        hint: str,
        parsed: Callable[[str], Any] = str.strip,
    ) -> Field:
        control = self._light.text(self._values()[field], description=label, placeholder=placeholder)
        return Field(self._light, control, about(hint), lambda value: self._set(field, value, parsed))

    def _choice(
        self,
        field: str,
        label: str,
        options: list[tuple[str, str]],
        hint: str,
        commit: Commit | None = None,
    ) -> Field:
        control = self._light.choice(options, self._values()[field])
        control.description = label
        return Field(self._light, control, about(hint), commit or (lambda value: self._set(field, value, str)))

    def _set(self, field: str, typed: str, parsed: Callable[[str], Any]) -> str:
        session, name = self._session, self._session.one
        if field == "url" and (why := refusal("url", typed)):
            session.say(why, bad=True)
            return why
        try:
            value = parsed(typed)
        except ValueError as error:
            session.say(f"{name}: {error}", bad=True)
            return str(error)
        if field == "api_key" and is_key(typed):
            why = "this looks like the key itself: put it into a variable, and that variable's name here"
            session.say(why, bad=True)
            return why
        return set_fields(session, name, f"{name}: {field} set", **{field: value})


def _whole(typed: str) -> int:
    try:
        return int(typed) if typed.strip() else 0
    except ValueError:
        raise ValueError(f"{typed!r} is no whole number") from None


def _whole_from_one(typed: str) -> int:
    return _whole(typed) or 1
