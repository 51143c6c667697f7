"""Reads catalogue YAML into components and port types, and refuses what it does not understand."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import yaml

from opea_nb.catalog.model import Component, ContainerOptions, Form, Health, Parameter, ParameterType, PortType
from opea_nb.errors import CatalogError

ACCELERATORS = ("cpu", "gaudi", "rocm", "nvidia")

_ENTRIES = {"components", "types"}
_TUPLES = {
    *("aliases", "routes", "then", "engines", "links", "secrets", "required", "choices", "needs", "uses", "gives"),
    *("images", "studio"),
    *("entrypoint", "command", "capabilities", "devices", "groups", "security"),
}


def parsed_file(path: Path) -> Any:
    """What a catalogue file holds, not looked at yet.

    Raises
    ------
    CatalogError
        When the file cannot be read, or is no YAML.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CatalogError(f"{path}: cannot be read: {error.strerror}", hint="check the path") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CatalogError(f"{path}: is not YAML: {error}", hint="see docs/catalogue.md for an example") from error


def read_data(data: Any, source: str) -> tuple[list[Component], list[PortType]]:
    """The components and port types of a catalogue file's content; `source` is named in errors.

    Raises
    ------
    CatalogError
        When it holds an entry or key that is not known.
    """
    entries = _mapping(data, source)
    _only(entries, _ENTRIES, source)
    components = _mapping(entries.get("components") or {}, f"{source}: components")
    types = _mapping(entries.get("types") or {}, f"{source}: types")
    return (
        [_component(kind, value, f"{source}: {kind}") for kind, value in components.items()],
        [PortType(name=name, **_fields(PortType, value, f"{source}: {name}")) for name, value in types.items()],
    )


def _component(kind: str, value: Any, where: str) -> Component:
    fields = _fields(Component, value, where)
    parameters = _mapping(fields.pop("parameters", {}), f"{where}: parameters")
    forms = _mapping(fields.pop("forms", {}), f"{where}: forms")
    if fields.get("role", "service") not in ("service", "engine"):
        raise CatalogError(f"{where}: role is {fields['role']!r}", hint="use service or engine")
    return Component(
        kind=kind,
        title=fields.pop("title", kind),
        parameters=tuple(_parameter(n, v, f"{where}: parameter {n}") for n, v in parameters.items()),
        forms={n: _form(n, v, f"{where}: form {n}") for n, v in forms.items()},
        **fields,
    )


def _parameter(name: str, value: Any, where: str) -> Parameter:
    parameter = Parameter(name=name, **_fields(Parameter, value, where))
    if parameter.type not in get_args(ParameterType):
        raise CatalogError(
            f"{where}: type is {parameter.type!r}", hint=f"use one of {', '.join(get_args(ParameterType))}"
        )
    if parameter.type == "choice" and not parameter.choices:
        raise CatalogError(f"{where}: a choice without choices", hint="list them under choices:")
    return parameter


def _form(name: str, value: Any, where: str) -> Form:
    fields = _fields(Form, value, where)
    if "health" in fields:
        health = _fields(Health, fields["health"], f"{where}: health")
        fields["health"] = Health(**({"path": ""} if "command" in health else {}) | health)
    if "options" in fields:
        fields["options"] = ContainerOptions(**_fields(ContainerOptions, fields["options"], f"{where}: options"))
    if fields.get("accelerator", "cpu") not in ACCELERATORS:
        hint = f"use one of {', '.join(ACCELERATORS)}"
        raise CatalogError(f"{where}: accelerator is {fields['accelerator']!r}", hint=hint)
    form = Form(name=name, **fields)
    if bool(form.module) == bool(form.image):
        raise CatalogError(f"{where}: needs either image or module", hint="give exactly one of the two")
    return form


def _fields(cls: type[Any], value: Any, where: str) -> dict[str, Any]:
    """The mapping's entries as keyword arguments of the dataclass."""
    given = dict(_mapping(value or {}, where))
    known = {f.name: f for f in dataclasses.fields(cls)} if dataclasses.is_dataclass(cls) else {}
    _only(given, set(known) - {"name", "kind"}, where)
    for key in _TUPLES & set(given):
        given[key] = tuple(_strings(given[key], f"{where}: {key}"))
    for key in ("environment", "volumes", "models"):
        if key in given:
            given[key] = {str(k): str(v) for k, v in _mapping(given[key], f"{where}: {key}").items()}
    if "ports" in given:
        given["ports"] = tuple(given["ports"]) if isinstance(given["ports"], list) else (given["ports"],)
    for port in (given.get("port", 0), *given.get("ports", ())):
        if not isinstance(port, int) or not 0 <= port <= 65535:
            raise CatalogError(f"{where}: port is {port!r}", hint="use a number from 1 to 65535")
    return given


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(k, str) for k in value):
        raise CatalogError(f"{where}: is not a mapping with names as keys", hint="write `name: value` lines")
    return value


def _strings(value: Any, where: str) -> Iterator[str]:
    if not isinstance(value, list):
        raise CatalogError(f"{where}: is not a list", hint="write it as [a, b]")
    for item in value:
        yield str(item)


def _only(given: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(given) - known)
    if unknown:
        raise CatalogError(f"{where}: unknown key {unknown[0]!r}", hint=f"known keys: {', '.join(sorted(known))}")
