"""The fields of one YAML mapping, each checked, each mistake told with its place."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from opea_nb.catalog import Component
from opea_nb.catalog.values import check_parameters
from opea_nb.errors import CatalogError, FormatError
from opea_nb.formats.yaml_text import Document, Key, Path, Value


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping of a document.

    Parameters
    ----------
    document
        The whole.
    path
        Where the mapping stands in it.
    data
        The mapping; empty where the document has a null.
    what
        What it is, for messages: ``service llm``.
    """

    document: Document
    path: Path
    data: dict[Key, Value]
    what: str

    def at(self, key: Key, what: str = "") -> Fields:
        """The mapping under a key; empty when the key is missing or null."""
        value = self.data.get(key)
        what = what or str(key)
        if value is None:
            value = {}
        if not isinstance(value, dict):
            raise self.error(f"{what} is {_kind(value)}, not a mapping", key, "write `key: value` lines under it")
        return Fields(self.document, (*self.path, key), value, what)

    def error(self, message: str, key: Key = None, hint: str = "", *, of_key: bool = False) -> FormatError:
        """An error at the value of a key (or at the key), or at the mapping itself without one."""
        path = self.path if key is None else (*self.path, key)
        return self.document.error(message, path, key=of_key, hint=hint)

    def names(self, what: str) -> Iterator[str]:
        """The keys, which must be text; `what` tells in messages what they are."""
        for key in self.data:
            if not isinstance(key, str):
                message = f"a {what} is {_kind(key)}, not text"
                raise self.document.error(message, (*self.path, key), key=True, hint="put quotes around it")
            yield key

    def text(self, key: str) -> str:
        """Text; empty when missing."""
        value = self.data.get(key, "")
        if not isinstance(value, str):
            raise self.error(f"{self.what}: {key} is {_kind(value)}, not text", key, "put quotes around it")
        return value

    def whole(self, key: str, default: int, lowest: int, highest: int) -> int:
        """A whole number within a range; the default when missing."""
        value = self.data.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int):
            hint = "remove the quotes" if isinstance(value, str) and value.isdecimal() else "write a whole number"
            found = value if isinstance(value, float) else _kind(value)
            raise self.error(
                f"{self.what}: {key} is {found}, not a {'whole ' * isinstance(value, float)}number", key, hint
            )
        if key in self.data and re.search(r"^[-+]?0[0-9_]|:", written := self.document.written((*self.path, key))):
            meant = written.lstrip("0_") if written.isdecimal() else value
            raise self.error(f"{self.what}: {key} {written} is {value} to YAML", key, f"write {key}: {meant}")
        if key in self.data and not lowest <= value <= highest:
            hint = f"use {lowest} to {highest}" if highest < 1 << 30 else f"use a whole number from {lowest}"
            raise self.error(f"{self.what}: {key} is {value}", key, hint)
        return value

    def port(self, default: int = 0) -> int:
        """The ``port``."""
        return self.whole("port", default, 1, 65535)

    def path_of_url(self, key: str = "endpoint") -> str:
        """A URL path; empty when missing."""
        value = self.text(key)
        if key in self.data and not re.fullmatch(r"/(?!/)[^\s?#]*", value):
            meant = "/" + re.sub(r"[?#].*|\s", "", value).strip("/")
            if re.match(r"(//)?[\w.-]+:\d+(/|$)", value) or value.startswith("//"):
                meant = "http://" + value.lstrip("/")
            raise self.error(f"{self.what}: {key} {value!r} is no URL path", key, f"did you mean `{meant}`?")
        return value

    def url(self, key: str) -> str:
        """An absolute HTTP URL, exactly as written; empty when missing."""
        value = self.text(key)
        if not value:
            return ""
        try:
            parts = urlsplit(value)
            good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError as error:
            raise self.error(
                f"{self.what}: {value!r} is no URL: {error}", key, "write http://host:port/path"
            ) from error
        if not good or re.search(r"\s", value):
            raise self.error(f"{self.what}: {value!r} is no absolute HTTP URL", key, "write http://host:port/path")
        if parts.username is not None or parts.password is not None:
            hint = "put the key into an environment variable and its name under `api_key`"
            raise self.error(f"{self.what}: the URL holds a user name or password", key, hint)
        return value

    def texts(self, key: str) -> dict[str, str]:
        """A mapping of names to texts; a number or a boolean becomes the text that is written."""
        inner = self.at(key, f"{self.what}: {key}")
        found: dict[str, str] = {}
        for name in inner.names(f"name in {key}"):
            value = inner.data[name]
            if value is None or isinstance(value, list | dict | bytes):
                hint = 'write "" for an empty text' if value is None else "write text"
                raise inner.error(f"{inner.what}: {name} is {_kind(value)}, not text", name, hint)
            found[name] = value if isinstance(value, str) else self.document.written((*inner.path, name))
            if not name or "=" in name or "\0" in name:
                hint = "use letters, digits and _"
                raise inner.error(f"{inner.what}: {name!r} cannot be set", name, hint, of_key=True)
            if "\0" in found[name]:
                raise inner.error(f"{inner.what}: {name} holds a NUL character", name, "remove it")
        return found

    def list_of_names(self, key: str, known: Collection[str], what: str) -> tuple[str, ...]:
        """A list of names, each of which must be known and stand once."""
        value = self.data.get(key)
        if value is None:
            return ()
        if not isinstance(value, list):
            hint = f"write `{key}: [{value}]`" if isinstance(value, str) else f"write `{key}: [name]`"
            raise self.error(f"{self.what}: {key} is {_kind(value)}, not a list", key, hint)
        names: list[str] = []
        for index, name in enumerate(value):
            path = (*self.path, key, index)
            if not isinstance(name, str) or name not in known:
                hint = near(str(name), known) or f"describe it under `opea_{what}s`"
                raise self.document.error(f"{self.what}: no {what} is called `{name!s}`", path, hint=hint)
            if name in names:
                raise self.document.error(f"{self.what}: `{name}` stands twice", path, hint="keep one of them")
            names.append(name)
        return tuple(names)

    def parameters(self, component: Component) -> dict[str, Any]:
        """The ``parameters``, checked against the component's."""
        inner = self.at("parameters", f"{self.what}: parameters")
        found: dict[str, Any] = {}
        for name in inner.names("parameter name"):
            try:
                found |= check_parameters(component, {name: inner.data[name]})
            except CatalogError as error:
                unknown = bool(component.parameters) and component.parameter(name) is None
                raise inner.error(f"{self.what}: {error.message}", name, error.hint, of_key=unknown) from error
        return found

    def rest(self, known: Collection[str]) -> dict[str, Any]:
        """What stands under keys that are not known."""
        return {key: self.data[key] for key in self.names(f"key of {self.what}") if key not in known}

    def point(self, key: str, what: str = "") -> tuple[float, float]:
        """A position, or a size: two finite numbers; `what` tells in messages which."""
        value = self.data[key]
        if isinstance(value, list) and len(value) == 2:
            x, y = value
            if isinstance(x, int | float) and isinstance(y, int | float) and math.isfinite(x) and math.isfinite(y):
                return float(x), float(y)
        raise self.error(f"{what or f'the position of {key}'} is not two numbers", key, "write [x, y]")


def near(name: str, known: Collection[str]) -> str:
    """``did you mean …?`` with the nearest names; empty when none is near."""
    close = difflib.get_close_matches(name, known, n=3)
    return f"did you mean {' or '.join(f'`{c}`' for c in close)}?" if close else ""


def _kind(value: Value) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case dict():
            return "a mapping"
    return "a date" if not isinstance(value, bytes) else "binary data"
