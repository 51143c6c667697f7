"""A service of a Compose file as the fields of a pipeline's service or engine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from opea_nb.catalog import GENERIC, Component, Form
from opea_nb.catalog.images import bare
from opea_nb.formats.compose.read_services import ComposeService
from opea_nb.formats.compose.read_values import hosts_in, variables
from opea_nb.formats.draft import Draft

__all__ = ["fields_of"]

_PROXIES = frozenset({"no_proxy", "http_proxy", "https_proxy"})
_UNDERSTOOD = frozenset({"image", "environment", "ports", "depends_on", "links", "extends", "env_file", "deploy"})
_REPLACED = frozenset({"container_name", "restart", "healthcheck", "hostname", "expose"})
_MODEL_WORDS = ("--model-id", "--model", "--model_id", "--model_name", "--model_name_or_path")
_MODEL_NAMES = (
    *("MODEL_ID", "LLM_MODEL_ID", "EMBEDDING_MODEL_ID", "RERANK_MODEL_ID", "LVM_MODEL_ID"),
    *("LLM_MODEL", "MODEL"),
)
_CPUS = re.compile(r"\d{1,6}(\.\d{1,6})?")
_MEMORY = re.compile(r"(\d{1,12})([kmgt])i?b?", re.IGNORECASE)
_COUNT = re.compile(r"[1-9]\d{0,3}")
_SIZES = {"k": "Ki", "m": "Mi", "g": "Gi", "t": "Ti"}


def fields_of(
    service: ComposeService, component: Component, hosts: frozenset[str], draft: Draft, open_names: dict[str, list[str]]
) -> dict[str, Any]:
    """Keyword arguments for `Draft.service` or `Draft.engine`.

    Parameters
    ----------
    hosts
        Names under which services of the file are reached: an address of one is an edge, no setting.
    open_names
        Filled with each variable that has no default, and the services that want it.
    """
    form = _form(service, component)
    environment: dict[str, str] = {}
    defaults = dict(form.environment) if form else {}
    for name, value in service.environment.items():
        if name.lower() in _PROXIES:
            if all(note.item != name.lower() for note in draft.notes):  # once, where it stands first
                reason = "a deployment hands the deployer's own proxies through"
                draft.note("lost", name.lower(), reason, f"services.{service.name}.environment")
            continue
        if value == defaults.get(name) or (form and name in form.secrets):
            continue
        if name.endswith(("COMPONENT_NAME", "OPEA_STORE_NAME")) and form and defaults.get(name) == value:
            continue
        near = [host for host, _ in hosts_in(value) if host in hosts or host == "${host_ip}"]
        if near and component.kind == GENERIC:  # nobody else knows where it looks for the address
            reason = f"the address of {near[0]} as it stands in the file: check it where you deploy"
            draft.note("kept", f"{service.name}: {name}", reason, f"services.{service.name}.environment")
        elif near:
            continue
        if component.parameter("model") and name in _MODEL_NAMES:
            continue
        if name in defaults and variables(value):
            for variable in variables(value):
                open_names.setdefault(variable, []).append(service.name)
            continue  # the catalogue's own value stands where the file has none
        environment[name] = value
    fields: dict[str, Any] = {
        "environment": environment,
        "parameters": _model(service, component, open_names),
        "port": next((_port(host, inside, component) for host, inside in service.ports), 0),
        "image": _image(service, component, form),
        **_deploy(service.raw.get("deploy")),
    }
    if form and form.accelerator != "cpu" and form.accelerator == _hardware(service, service.image):
        fields["form"] = form.name  # what it runs on is part of what the file says
    elif form and not form.engines and form is not next(iter(component.forms.values())) and _chosen(service, form):
        fields["form"] = form.name
    said = {k for k, v in service.raw.items() if form and _said(str(k), v, form, service)}
    aside = _UNDERSTOOD | _REPLACED | said
    kept = {str(k): v for k, v in service.raw.items() if k not in aside and v not in (None, [], {})}
    if kept:
        draft.note("kept", f"{service.name}: {', '.join(sorted(kept))}", "not read: kept under `compose`")
    if left := _deploy_left(service.raw.get("deploy"), draft, service.name):
        kept["deploy"] = left
    if kept:
        fields["extra"] = {"compose": kept}
    if replaced := sorted((_REPLACED | said) & service.raw.keys()):
        reason = "the catalogue and the target of a deployment tell these"
        draft.note("lost", f"{service.name}: {', '.join(replaced)}", reason)
    return fields


def _port(host: int, inside: int, component: Component) -> int:
    """Where it is reached: its own port for a container that the catalogue knows nothing of."""
    return (inside or host) if component.kind == GENERIC else (host or inside)


def _said(key: str, value: Any, form: Form, service: ComposeService) -> bool:
    """Whether the catalogue says the same in its own way."""
    options = form.options
    match key:
        case "ipc":
            return str(value) == (options.ipc or "host")  # upstream shares it out of habit
        case "shm_size":
            return bool(options.shm)
        case "runtime" | "cap_add":
            return form.accelerator == "gaudi"
        case "devices" | "group_add" | "security_opt":
            return form.accelerator == "rocm"
        case "command" | "entrypoint":
            return bool(options.command) and any(w in service.words for w in _MODEL_WORDS) and not _more(service, form)
        case "volumes":
            paths = {str(v).rpartition(":")[2] for v in value} if isinstance(value, list) else {""}
            return paths <= set(form.volumes.values())
    return False


def _more(service: ComposeService, form: Form) -> set[str]:
    """Options of its command that the catalogue's command has not."""
    own = {word.partition("=")[0] for word in (*form.options.command, *form.options.entrypoint)}
    given = {word.partition("=")[0] for word in service.words if word.startswith("-")}
    return given - own - {*_MODEL_WORDS, "--host", "--port", "--hostname"}


def _form(service: ComposeService, component: Component) -> Form | None:
    """The form that it is: of its image, with the variables that it sets."""
    forms = [f for f in component.forms.values() if f.image]
    name = bare(service.image)

    def score(form: Form) -> float:
        matching = sum(form.environment.get(k) == v for k, v in service.environment.items())
        against = sum(k in form.environment and form.environment[k] != v and _chooses(k) for k, v in _of(service))
        tag = service.image.rpartition(":")[2]
        fits = _hardware(service, f"{name}:{tag}") == form.accelerator
        return (bare(form.image) == name) * 10 + matching - 20 * against + 2 * fits

    return max(forms, key=score) if forms else None


def _hardware(service: ComposeService, image: str) -> str:
    """What the file runs it on, by its image and by what it is given of the machine."""
    deploy = str(service.raw.get("deploy", ""))
    runtime = str(service.raw.get("runtime", ""))
    if "gaudi" in image or "hpu" in image or runtime == "habana":
        return "gaudi"
    if "rocm" in image or "/dev/kfd" in str(service.raw.get("devices", "")):
        return "rocm"
    return "nvidia" if "cuda" in image or runtime == "nvidia" or "nvidia" in deploy else "cpu"


def _of(service: ComposeService) -> list[tuple[str, str]]:
    return [(k, v) for k, v in service.environment.items() if not variables(v)]


def _chooses(name: str) -> bool:
    return name.endswith(("COMPONENT_NAME", "STORE_NAME"))


def _chosen(service: ComposeService, form: Form) -> bool:
    return any(form.environment.get(k) == v for k, v in service.environment.items() if _chooses(k))


def _model(service: ComposeService, component: Component, open_names: dict[str, list[str]]) -> dict[str, str]:
    if component.parameter("model") is None:
        return {}
    said = [w for a, w in zip(service.words, service.words[1:], strict=False) if a in _MODEL_WORDS]
    said += [w.partition("=")[2] for w in service.words if w.startswith(tuple(f"{m}=" for m in _MODEL_WORDS))]
    said += re.findall(r"--model(?:[-_]id)?[ =]([^\s\"']+)", " ".join(service.words))
    said += [service.environment[n] for n in _MODEL_NAMES if n in service.environment]
    for text in said:
        if not variables(text) and text:
            return {"model": text}
    for text in said[:1]:
        for variable in variables(text):
            open_names.setdefault(variable, []).append(service.name)
    return {}


def _image(service: ComposeService, component: Component, form: Form | None) -> str:
    """Empty where the catalogue's own image is meant: the same name, and a tag that the file leaves to a variable."""
    written = str(service.raw.get("image", ""))
    if not service.image or "${" in service.image:
        return ""
    same = form is not None and bare(form.image) == bare(service.image)
    own_tag = "$" in written.rpartition("/")[2] or ":" not in written.rpartition("/")[2]
    known = bare(service.image) in {bare(i) for i in component.images}
    if service.image in {f.image for f in component.forms.values()} or ((same or known) and own_tag):
        return ""
    return service.image


def _deploy(value: Any) -> dict[str, Any]:
    """Replicas, and what it may take of the machine."""
    parts = value if isinstance(value, Mapping) else {}
    fields: dict[str, Any] = {}
    replicas = parts.get("replicas")
    if isinstance(replicas, int) and not isinstance(replicas, bool) and 1 < replicas < 10_000:
        fields["replicas"] = replicas
    found: dict[str, str] = {}
    for key, item in _limits(parts).items():
        text = str(item).strip()
        if key == "cpus" and _CPUS.fullmatch(text):
            found["cpu"] = text
        elif key == "memory" and (size := _MEMORY.fullmatch(text)):
            found["memory"] = size[1] + _SIZES[size[2].lower()]
        elif key == "hpu" and _COUNT.fullmatch(text):
            found["hpu"] = text
    return fields | ({"resources": found} if found else {})


def _deploy_left(value: Any, draft: Draft, name: str) -> dict[str, Any]:
    """What of ``deploy`` is not read."""
    if not isinstance(value, Mapping):
        return {}
    left = {k: v for k, v in value.items() if k not in ("replicas", "resources")}
    if value.get("replicas", 1) != 1 and "replicas" not in _deploy(value):
        left["replicas"] = value["replicas"]
    resources = value.get("resources")
    if isinstance(resources, Mapping):
        limits = _limits(value)
        forms = {"cpus": _CPUS, "memory": _MEMORY, "hpu": _COUNT}
        rest = {k: v for k, v in limits.items() if k not in forms or not forms[k].fullmatch(str(v).strip())}
        others = {k: v for k, v in resources.items() if k != "limits"}
        if rest or others:
            left["resources"] = others | ({"limits": rest} if rest else {})
    if left:
        draft.note("kept", f"{name}: deploy: {', '.join(sorted(map(str, left)))}", "not read: kept under `compose`")
    return left


def _limits(deploy: Mapping[Any, Any]) -> Mapping[Any, Any]:
    resources = deploy.get("resources")
    limits = resources.get("limits") if isinstance(resources, Mapping) else None
    return limits if isinstance(limits, Mapping) else {}
