"""A Docker Compose file of OPEA's becomes a pipeline."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from opea_nb.catalog import GENERIC, Catalog, Component, load_catalog
from opea_nb.formats import unified, yaml_text
from opea_nb.formats.compose.read_flow import Chain, Inferred, infer
from opea_nb.formats.compose.read_node import fields_of
from opea_nb.formats.compose.read_roles import ANSWERING, MEGA, Role, recognised, stage, with_applications
from opea_nb.formats.compose.read_services import services_of
from opea_nb.formats.conversion import Imported, Note
from opea_nb.formats.draft import Draft, pipeline_name
from opea_nb.pipeline import MAIN

__all__ = ["draw", "read"]

_OUTSIDE = {"LLM": ("llm-vllm", "llm"), "LVM": ("lvm", "lvm")}


def read(text: str | bytes, *, source: str = "<text>", catalog: Catalog | None = None, name: str = "") -> Imported:
    """Read a Compose file.

    Services are recognised by their images, whatever registry and tag. A Compose file has no flow: it is guessed, from
    the mega service's image and variables and from what is known of OPEA's examples, and noted as a guess. What is no
    part of a pipeline (a web front, monitoring) is kept in the document under ``compose``. A file that opea_nb wrote
    holds the pipeline itself, which is taken.

    Parameters
    ----------
    text
        YAML, at most 1 MiB.
    source
        File name for messages.
    name
        The pipeline's name; the example's, else the project's or the file's, when empty.

    Raises
    ------
    FormatError
        When it is no Compose file.
    """
    document = yaml_text.load(text, source)
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get("services"), dict):
        raise document.error("this is no Compose file", hint="it has `services:`")
    catalog = catalog or load_catalog()
    if own := _own(data):
        pipeline = unified.loads(own, source, catalog=catalog, name=name or None)
        reason = "the pipeline that opea_nb wrote into the file is taken; services changed by hand are not looked at"
        return Imported(pipeline, (Note("inferred", "configs.pipeline", reason, source),))
    draft = Draft(catalog, source, place=document.position)
    roles = with_applications({n: recognised(s, catalog) for n, s in services_of(data, draft).items()}, catalog)
    found = infer(roles)
    project = data.get("name")
    stem = re.split(r"[\\/]", source)[-1].split(".")[0].strip("<>")
    wanted = next((c.name for c in found.chains if c.name), "") or (project if isinstance(project, str) else "")
    kept = _kept(data, roles, draft)
    main = draw(found, roles, draft)
    endpoint, port = MEGA.get(main.name, ("", 0))
    ports = main.mega.ports if main.mega else []
    port = next((host for host, _ in ports if host), port)
    extra = {"compose": kept} if kept else {}
    draft.notes = [_placed(note, document) for note in draft.notes]
    return draft.finish(name or pipeline_name(wanted, stem), port=port, endpoint=endpoint, document_extra=extra)


def _placed(note: Note, document: yaml_text.Document) -> Note:
    """The note with the place in the file of what it is about: where it says so, else the service or key it names."""
    path = _path(note.where or note.item.partition(":")[0], document.data)
    if not path:
        return note
    line, column = document.position(path, key=True)
    return replace(note, where=f"{document.source}:{line}:{column}")


def _path(item: str, data: Any) -> tuple[str, ...]:
    """Keys down to what ``services.NAME.KEY``, or the name of a service or of a key at the top alone, means."""
    said = item.removeprefix("services.")
    for name in data["services"]:  # which may have dots in it
        if said == name or (said != item and said.startswith(f"{name}.")):
            return ("services", name, *filter(None, [said[len(name) + 1 :]]))
    return (item,) if item in data else ()


def _own(data: Mapping[Any, Any]) -> str:
    """The pipeline in a file that opea_nb wrote; empty in any other."""
    configs = data.get("configs")
    config = configs.get("pipeline") if isinstance(configs, Mapping) else None
    content = config.get("content") if isinstance(config, Mapping) else None
    runs = any(isinstance(s, Mapping) and "opea_nb.gateway" in str(s.get("command")) for s in data["services"].values())
    return content.replace("$$", "$") if isinstance(content, str) and runs else ""


def _kept(data: Mapping[Any, Any], roles: Mapping[str, Role], draft: Draft) -> dict[str, Any]:
    """What is no part of a pipeline."""
    kept: dict[str, Any] = {}
    for key, value in data.items():
        if key == "version":
            draft.note("lost", "version", "Compose itself no longer reads it")
        elif key == "networks" and value in ({"default": {"driver": "bridge"}}, {"default": None}):
            draft.note("lost", "networks", "it is Compose's own default")
        elif key not in ("services", "name") and value:
            kept[str(key)] = value
            reason = "names files that are not read" if key == "include" else "not read: kept under `compose`"
            draft.note("kept", str(key), reason)
    others = {}
    for name, role in roles.items():
        if role.known:
            continue
        others[name] = role.service.raw
        if not role.mega:
            image = role.service.image or ("built from a folder" if "build" in role.service.raw else "no image")
            reason = f"no component of the catalogue ({image}): kept under `compose`"
            draft.note("kept", name, reason, f"services.{name}")
    return {**kept, "services": others} if others else kept


def draw(found: Inferred, roles: Mapping[str, Role], draft: Draft) -> Chain:
    """Put what was guessed into a draft, with the notes on it; gives the main chain.

    Raises
    ------
    FormatError
        When none of the services is known.
    """
    if not found.steps and not found.engines:
        hint = "its images are none of OPEA's; write the pipeline as unified YAML"
        raise draft.error("no service of this file is a component of the catalogue", hint, ("services",))
    hosts = frozenset(host for role in roles.values() for host in role.service.hosts)
    open_names: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    chains = {MAIN if i == 0 else chain.name: chain for i, chain in enumerate(found.chains)}
    chains |= {f"{c.name}_{i}": c for i, c in enumerate(found.chains) if c not in chains.values()}
    for flow, chain in chains.items():
        draft.flow(flow, "" if flow == MAIN else MEGA.get(chain.name, ("", 0))[0])
    for name, component in found.engines.items():
        fields = fields_of(roles[name].service, component, hosts, draft, open_names)
        names[name] = draft.engine(name, component.kind, **(fields | {"port": 0}))
        _tell_how(name, component, roles[name], draft)
    main = found.chains[0]
    for name, component in found.steps.items():
        fields = fields_of(roles[name].service, component, hosts, draft, open_names)
        flows = [flow for flow, chain in chains.items() if name in chain.members]
        if not flows and not component.flow and main.members:
            flows = [name if name != MAIN else f"{name}-flow"]
            reason = f"no mega service of the file is seen to call it: a flow of its own, {flows[0]}"
            draft.note("inferred", name, reason)
        names[name] = draft.service(name, component.kind, flows=flows, **fields)
        _tell_how(name, component, roles[name], draft)
    for service, engines in found.uses.items():
        for engine in engines:
            draft.use(names[service], names[engine])
    for flow, chain in chains.items():
        _edges(flow, chain, found, names, draft)
    _tell(found, open_names, draft)
    return main


def _tell_how(name: str, component: Component, role: Role, draft: Draft) -> None:
    if role.by_name:
        if role.service.image:
            why = f"an image that is not the catalogue's ({role.service.image}): taken as {component.kind} for its name"
        elif "build" in role.service.raw:
            why = f"is built, not pulled: taken as {component.kind} for its name"
        else:
            why = f"has no image here: taken as {component.kind} for its name"
        draft.note("inferred", name, why)
    elif component.kind == GENERIC:
        reason = f"no component of the catalogue ({role.service.image or 'built from a folder'}): a service of JSON"
        draft.note("inferred", name, reason)


def _edges(flow: str, chain: Chain, found: Inferred, names: Mapping[str, str], draft: Draft) -> None:
    models = [n for n in chain.members if stage(found.steps[n]) == ANSWERING]
    mega = chain.mega.name if chain.mega else ""
    levels = [[names[n] for n in level] for level in chain.levels]
    environment = chain.mega.environment if chain.mega else {}
    for word in found.outside.get(mega, ()):
        if word in _OUTSIDE and not models:
            step = _remote(flow, word, environment, draft)
            before = sum(any(stage(found.steps[n]) < ANSWERING for n in level) for level in chain.levels)
            levels = [level for level in levels if level]
            levels.insert(before, [step])
        else:
            reason = f"{mega} has variables for it, but no service of the file is one"
            draft.note("inferred", word, reason)
    rules = " >> ".join(" + ".join(level) for level in levels) or "no edges"
    rules += "".join(f"; {side} beside it" for side in chain.side)
    if mega:
        reason = f"a Compose file has no flow; for the mega service {mega} it is taken to be: {rules}"
    else:
        reason = f"a Compose file has no flow, and this one no mega service; it is taken to be: {rules}"
    draft.note("inferred", f"flow {flow}", reason, f"services.{mega}" if mega else "services")
    for earlier, later in itertools.pairwise(levels):
        for a in earlier:
            for b in later:
                draft.edge(a, b, flow)
    for side in chain.side:
        for model in models[:1]:
            draft.edge(names[side], names[model], flow)


def _remote(flow: str, word: str, environment: Mapping[str, str], draft: Draft) -> str:
    """A model that runs elsewhere, as the mega service's variables tell."""
    kind, wanted = _OUTSIDE[word]
    address = next((v for k, v in environment.items() if k.startswith(f"{word}_") and v.startswith("http")), "")
    keys = [k for k in environment if k.endswith("API_KEY")]
    good = bool(re.fullmatch(r"https?://[\w.-]+(:\d{1,5})?(/[^\s?#@${}]*)?", address))
    url = address.rstrip("/") + ("" if "/v1" in address else "/v1/chat/completions") if good else ""
    name = draft.service(wanted, kind, flows=(flow,), url=url, api_key=keys[0] if keys and kind != "lvm" else "")
    where = "" if url else ": set its url"
    draft.note("inferred", name, f"the mega service calls a model outside the file, by its {word} variables{where}")
    return name


def _tell(found: Inferred, open_names: Mapping[str, list[str]], draft: Draft) -> None:
    for step, users in found.shared.items():
        reason = f"a step of the flow, and used by {', '.join(users)}, which get an engine of their own"
        draft.note("inferred", step, reason)
    for variable, wanting in sorted(open_names.items()):
        services = ", ".join(dict.fromkeys(wanting))
        reason = f"has no default in the file ({services}): the catalogue's value stands"
        draft.note("lost", f"${{{variable}}}", reason, f"services.{wanting[0]}")
