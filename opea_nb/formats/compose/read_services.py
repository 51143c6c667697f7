"""The services of a Compose file, each with what Compose itself would put together: anchors, ``extends``, defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from opea_nb.formats.compose.read_values import environment_of, interpolate, published, words
from opea_nb.formats.draft import Draft

__all__ = ["ComposeService", "services_of"]

_SERVICES = 500


@dataclass(slots=True)
class ComposeService:
    """One service of a Compose file.

    Parameters
    ----------
    name
        Its key in the file.
    image
        Interpolated; empty for one that is built.
    environment
        Interpolated; ``${NAME}`` where a variable has no default.
    ports
        (Published, container).
    words
        Of entrypoint and command.
    hosts
        Names under which others reach it.
    needs
        Services in ``depends_on`` and ``links``.
    raw
        All of it, as in the file.
    """

    name: str
    image: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    ports: list[tuple[int, int]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    hosts: frozenset[str] = frozenset()
    needs: tuple[str, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Its names and words, to look for hints in."""
        return " ".join([self.name, str(self.raw.get("container_name", "")), self.image, *self.words]).lower()


def services_of(data: Mapping[Any, Any], draft: Draft) -> dict[str, ComposeService]:
    """All services, by name."""
    if len(data["services"]) > _SERVICES:
        message = f"more than {_SERVICES} services"
        raise draft.error(message, "is it the right file?")
    raw = {str(name): value for name, value in data["services"].items() if isinstance(value, Mapping)}
    for name in data["services"]:
        if str(name) not in raw:
            draft.note("lost", str(name), "is no mapping", f"services.{name}")
    found = {name: _service(name, _extended(name, raw, draft, ()), draft) for name in raw}
    return _without_bases(found, raw, draft)


def _without_bases(
    found: dict[str, ComposeService], raw: Mapping[str, Mapping[str, Any]], draft: Draft
) -> dict[str, ComposeService]:
    """Without those that are only there to be extended: they publish nothing, and what they have is in the others."""
    above: dict[str, list[str]] = {}
    for name, own in raw.items():
        extends = own.get("extends")
        base = extends.get("service") if isinstance(extends, Mapping) and "file" not in extends else extends
        if isinstance(base, str) and base in found and base != name and not found[base].ports and found[name].ports:
            above.setdefault(base, []).append(name)
    for base, names in above.items():
        draft.note("inferred", base, f"is only extended, by {', '.join(names)}: no service of its own")
        del found[base]
    for service in found.values():
        service.needs = tuple(dict.fromkeys(n for need in service.needs for n in above.get(need, (need,))))
    return found


def _extended(
    name: str, raw: Mapping[str, Mapping[str, Any]], draft: Draft, seen: tuple[str, ...]
) -> Mapping[str, Any]:
    """The service over the one that it extends."""
    own = raw[name]
    extends = own.get("extends")
    base = extends.get("service") if isinstance(extends, Mapping) else extends
    file = extends.get("file") if isinstance(extends, Mapping) else None
    if not isinstance(base, str):
        return own
    if file or base not in raw or base in (*seen, name) or len(seen) > 20:
        reason = f"extends {base!r} of {file}, which is not read" if file else f"extends {base!r}, which leads nowhere"
        draft.note("lost", name, reason, f"services.{name}.extends")
        return own
    below = _extended(base, raw, draft, (*seen, name))
    merged: dict[str, Any] = {**below, **{k: v for k, v in own.items() if k != "extends"}}
    if "environment" in below and "environment" in own:
        # as texts of the file, so that a default is not taken for the value
        merged["environment"] = {**_pairs(below["environment"]), **_pairs(own["environment"])}
    for key in ("ports", "volumes", "devices"):
        if isinstance(below.get(key), list) and isinstance(own.get(key), list):
            merged[key] = [*below[key], *own[key]]
    return merged


def _pairs(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return {str(k): v for k, v in value.items()}
    parts = (str(item).partition("=") for item in value) if isinstance(value, list) else ()
    return {name: rest if equals else None for name, equals, rest in parts}


def _service(name: str, raw: Mapping[str, Any], draft: Draft) -> ComposeService:
    if raw.get("env_file"):
        draft.note("lost", f"{name}: env_file", "files beside this one are not read", f"services.{name}.env_file")
    image = raw.get("image")
    return ComposeService(
        name,
        interpolate(image) if isinstance(image, str) else "",
        environment_of(raw.get("environment")),
        published(raw.get("ports")),
        [*words(raw.get("entrypoint")), *words(raw.get("command"))],
        frozenset(_hosts(name, raw)),
        tuple(dict.fromkeys([*_names(raw.get("depends_on")), *(n.split(":")[0] for n in _names(raw.get("links")))])),
        raw,
    )


def _hosts(name: str, raw: Mapping[str, Any]) -> list[str]:
    found = [name, *(interpolate(str(raw[k])) for k in ("container_name", "hostname") if k in raw)]
    networks = raw.get("networks")
    for network in networks.values() if isinstance(networks, Mapping) else ():
        aliases = network.get("aliases") if isinstance(network, Mapping) else None
        found += [interpolate(str(a)) for a in aliases] if isinstance(aliases, list) else []
    return found


def _names(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, Mapping | list) else []
