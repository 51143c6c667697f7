"""The deployment YAML of opea-comps' exporter (``mega.yaml``): services with images and ports, but no flow.

>>> found = read('''
... micro_services:
...   - {service_name: retriever, image: "opea/retriever:latest", ports: ["7000:7000"]}
...   - {service_name: llm, image: "opea/llm-textgen:latest", ports: ["9000:9000"]}
... ''')
>>> sorted(found.pipeline.services)
['llm', 'retriever']
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from opea_nb.catalog import Catalog, load_catalog
from opea_nb.formats import yaml_text
from opea_nb.formats.compose.read import draw
from opea_nb.formats.compose.read_flow import infer
from opea_nb.formats.compose.read_roles import MEGA, Role, recognised
from opea_nb.formats.compose.read_services import ComposeService, services_of
from opea_nb.formats.conversion import Format, Imported
from opea_nb.formats.draft import Draft, pipeline_name

__all__ = ["FORMAT", "detect", "read"]

_SERVICE_KEYS = frozenset(
    {"service_name", "image", "ports", "volumes", "envs", "dependencies", "replicas", "resources", "options", "args"}
)
_MEMORY = re.compile(r"(\d{1,9})\s*([kmgt])i?b?", re.IGNORECASE)


def detect(data: Any) -> bool:
    """Whether parsed YAML is of the exporter's schema."""
    services = data.get("micro_services") if isinstance(data, Mapping) else None
    return isinstance(services, list) and all(isinstance(s, Mapping) and "service_name" in s for s in services)


def read(text: str | bytes, *, source: str = "<text>", catalog: Catalog | None = None, name: str = "") -> Imported:
    """Read a ``mega.yaml``. It has no flow, which is guessed as for a Compose file, and noted as a guess.

    Parameters
    ----------
    text
        YAML, at most 1 MiB.
    source
        File name for messages.
    name
        The pipeline's name; the mega service's, else the file's, when empty.

    Raises
    ------
    FormatError
        When it is of another schema, or no service is known.
    """
    document = yaml_text.load(text, source)
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get("micro_services"), list):
        raise document.error("this is no mega.yaml", hint="it has a list `micro_services:`")
    draft = Draft(catalog or load_catalog(), source, place=document.position)
    shared = _environment(data.get("global_envs"))
    services: dict[str, Any] = {}
    for key in ("micro_services", "mega_service"):
        value = data.get(key) or []
        for index, entry in enumerate(value if isinstance(value, list) else [value]):
            where = f"{key}[{index}]"
            if not isinstance(entry, Mapping) or not isinstance(entry.get("service_name"), str):
                raise document.error(f"{where} has no service_name", (key, index))
            own = str(entry["service_name"])
            if own in services:
                raise document.error(f"two services are called {own!r}", (key, index), hint="rename one of them")
            services[own] = _as_compose(entry, shared, where, draft)
    roles: dict[str, Role] = {}
    marked = {str(e.get("service_name")) for e in _list(data.get("mega_service")) if isinstance(e, Mapping)}
    for own, service in services_of({"services": services}, draft).items():
        role = recognised(service, draft.catalog)
        if own in marked and not role.mega:
            role = Role(service, mega=own)
        roles[own] = role
    found = infer(roles)
    kept: dict[str, Any] = {
        str(k): v for k, v in data.items() if k not in ("micro_services", "mega_service", "global_envs")
    }
    for key in kept:
        draft.note("kept", key, "is no part of a mega.yaml that opea_nb knows")
    others = {n: dict(r.service.raw) for n, r in roles.items() if not r.known}
    for other, role in roles.items():
        if other in others and not role.mega:
            draft.note("kept", other, f"no component of the catalogue ({role.service.image or 'no image'})")
    main = draw(found, roles, draft)
    endpoint, port = MEGA.get(main.name, ("", 0))
    port = next((host for host, _ in _ports(main.mega) if host), port)
    stem = re.split(r"[\\/]", source)[-1].split(".")[0].strip("<>")
    extra = {"mega_yaml": {**kept, **({"services": others} if others else {})}} if kept or others else {}
    return draft.finish(name or pipeline_name(main.name, stem), port=port, endpoint=endpoint, document_extra=extra)


def _ports(mega: ComposeService | None) -> list[tuple[int, int]]:
    return mega.ports if mega else []


def _as_compose(entry: Mapping[Any, Any], shared: Mapping[str, Any], where: str, draft: Draft) -> dict[str, Any]:
    """The entry as what a Compose file would hold."""
    made: dict[str, Any] = {"environment": {**shared, **_environment(entry.get("envs"))}}
    for key, compose in (
        ("image", "image"),
        ("ports", "ports"),
        ("volumes", "volumes"),
        ("dependencies", "depends_on"),
    ):
        if entry.get(key):
            made[compose] = entry[key]
    if words := _words(entry.get("args")):
        made["command"] = words
    for option in _list(entry.get("options")):
        if isinstance(option, Mapping):
            for name, value in option.items():
                made[str(name)] = value if name not in ("cap_add", "devices") or isinstance(value, list) else [value]
    deploy: dict[str, Any] = {}
    if "replicas" in entry:
        deploy["replicas"] = entry["replicas"]
    resources = entry.get("resources")
    limits: dict[str, Any] = {}
    for key, value in resources.items() if isinstance(resources, Mapping) else ():
        if key == "cpu":
            limits["cpus"] = value
        elif key == "memory":
            size = _MEMORY.fullmatch(str(value).strip())
            limits["memory"] = f"{size[1]}{size[2].lower()}" if size else value
        else:
            limits[str(key)] = value
    if limits:
        deploy["resources"] = {"limits": limits}
    if deploy:
        made["deploy"] = deploy
    for key, value in entry.items():
        if key == "node_ports":
            draft.note("lost", f"{where}.node_ports", "Kubernetes chooses the node's ports")
        elif key not in _SERVICE_KEYS:
            made[str(key)] = value
    return made


def _environment(value: Any) -> dict[str, Any]:
    """A mapping, a list of mappings, of ``NAME=value``, or of pairs."""
    if isinstance(value, Mapping):
        return {str(k): v for k, v in value.items()}
    found: dict[str, Any] = {}
    for item in _list(value):
        if isinstance(item, Mapping):
            found |= {str(k): v for k, v in item.items()}
        elif isinstance(item, list) and len(item) == 2:
            found[str(item[0])] = item[1]
        elif isinstance(item, str):
            name, equals, rest = item.partition("=")
            found[name.strip()] = rest if equals else None
    return found


def _words(value: Any) -> list[str]:
    """``args``: flags as mappings or as text."""
    found: list[str] = []
    for item in _list(value):
        if isinstance(item, Mapping):
            for flag, given in item.items():
                found += [str(flag)] if given in (None, "") else [str(flag), str(given)]
        elif isinstance(item, str | int | float):
            found += str(item).split()
    return found


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


FORMAT = Format("mega-yaml", "opea-comps exporter YAML", detect, read)
