"""A Python file for opea-comps becomes a pipeline, by its syntax tree alone: nothing of it is run."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Mapping
from typing import Any

from opea_nb.catalog import GENERIC, Catalog, load_catalog
from opea_nb.errors import FormatError
from opea_nb.formats.comps_python.types import LOCAL, service_type
from opea_nb.formats.comps_python.values import Env, Micro, Orchestra, Unknown, dotted, literal
from opea_nb.formats.comps_python.walk import Walk
from opea_nb.formats.conversion import Imported
from opea_nb.formats.draft import Draft, pipeline_name
from opea_nb.pipeline import MAIN

__all__ = ["read"]

_LIMIT = 1 << 20
_MAIN = "megaservice"
_ALIGNING = ("align_inputs", "align_outputs", "align_generator")


def read(text: str | bytes, *, source: str = "<text>", catalog: Catalog | None = None, name: str = "") -> Imported:
    """Read a Python file that builds a `ServiceOrchestrator`.

    Understood are ``MicroService(…)`` with literals and variables of the environment with defaults, ``add`` and
    ``flow_to``, in a class or not. A condition is taken to hold, and noted.

    Parameters
    ----------
    text
        Python, at most 1 MiB. It is parsed, and never run.
    source
        File name for messages.
    name
        The pipeline's name; made from the class, else the file, when empty.

    Raises
    ------
    FormatError
        When it is no Python, or makes no services.
    """
    tree = _parsed(text, source)
    draft = Draft(catalog or load_catalog(), source)
    walk = Walk(draft)
    try:
        walk.module(tree)
    except RecursionError as error:
        raise FormatError("statements are nested too deep", source=source) from error
    built = sorted((o for o in walk.orchestras if o.services), key=lambda o: o.attribute != _MAIN)
    if not built:
        hint = "it makes them with MicroService(…) and adds them to a ServiceOrchestrator()"
        if walk.documents:
            hint = f"its flow is in {walk.documents[0][:80]}: read that file"
        raise FormatError("no service is added to an orchestrator in this file", source=source, hint=hint)
    own = _Own(tree)
    _Drawing(draft, walk, own, tree).draw(built)
    if not own.steps:
        _tell(tree, draft)
    port, endpoint = _mega(walk, built[0])
    stem = re.split(r"[\\/]", source)[-1].removesuffix(".py").strip("<>")
    classes = [n.name for n in tree.body if isinstance(n, ast.ClassDef) and n.name not in walk.makers]
    by_class = re.sub(r"Service$", "", classes[0]).lower() if classes else ""
    return draft.finish(name or own.name or pipeline_name(by_class, stem), port=port, endpoint=endpoint)


def _parsed(text: str | bytes, source: str) -> ast.Module:
    size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "surrogatepass"))
    if size > _LIMIT:
        raise FormatError(f"{size} bytes of Python are more than the {_LIMIT} that are read", source=source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its author's business: an odd escape in a text
            return ast.parse(text)
    except SyntaxError as error:
        line, column = error.lineno or 0, error.offset or 0
        raise FormatError(f"not valid Python: {error.msg}", source=source, line=line, column=column) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise FormatError(f"not valid Python: {error or 'nested too deep'}", source=source) from error


class _Own:
    """What a file that opea_nb wrote tells besides."""

    def __init__(self, tree: ast.Module) -> None:
        self.name = ""
        self.kinds: dict[str, str] = {}
        self.steps: dict[str, dict[str, Any]] = {}
        for node in tree.body:
            if not isinstance(node, ast.Assign) or len(node.targets) != 1:
                continue
            target = dotted(node.targets[0])
            if target == "NAME" and isinstance(value := literal(node.value), str):
                self.name = pipeline_name(value)
            elif target == "KINDS" and isinstance(value := literal(node.value), dict):
                self.kinds = {str(k): str(v) for k, v in value.items()}
            elif target == "STEPS" and isinstance(node.value, ast.Dict):
                self._steps(node.value)

    def _steps(self, node: ast.Dict) -> None:
        for key, entry in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(entry, ast.Tuple) and len(entry.elts) > 2:
                value = literal(entry.elts[2])
                self.steps[str(key.value)] = value if isinstance(value, dict) else {}


class _Drawing:
    def __init__(self, draft: Draft, walk: Walk, own: _Own, tree: ast.Module) -> None:
        self.draft, self.walk, self.own = draft, walk, own
        self.names: dict[Micro, str] = {}
        attributes = {f"self.{o.attribute}" for o in walk.orchestras}
        self.handlers = {
            n.name: {dotted(a) for a in ast.walk(n) if isinstance(a, ast.Attribute)} & attributes
            for n in ast.walk(tree)
            if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
        }

    def draw(self, built: list[Orchestra]) -> None:
        """Services and edges, a flow for each orchestrator."""
        flows = {MAIN if i == 0 else self.flow_name(o, i): o for i, o in enumerate(built)}
        members: dict[Micro, list[str]] = {}
        for flow, orchestra in flows.items():
            self.draft.flow(flow, "" if flow == MAIN else self.endpoint(orchestra))
            for service in orchestra.services:
                members.setdefault(service, []).append(flow)
        for service in (m for m in self.walk.made if m not in members):
            flow = f"{_text(service.fields.get('name')) or 'service'}_only"
            while flow in self.draft.flows:
                flow += "_"
            self.draft.flow(flow, "")
            members[service] = [flow]
            reason = "is added to no orchestrator: it gets a flow of its own"
            self.draft.note("inferred", flow.removesuffix("_only"), reason, f"{self.draft.source}:{service.line}")
        for service, where in members.items():
            self.names[service] = self.service(service, where)
        for flow, orchestra in flows.items():
            for a, b, line in orchestra.edges:
                self.draft.edge(self.names[a], self.names[b], flow, f"{self.draft.source}:{line}")

    def flow_name(self, orchestra: Orchestra, index: int) -> str:
        name = re.sub(rf"^{_MAIN}|{_MAIN}$", "", orchestra.attribute).strip("_") or f"flow{index + 1}"
        return name if name != MAIN and name not in self.draft.flows else f"{name}_{index + 1}"

    def endpoint(self, orchestra: Orchestra) -> str:
        alone = {f"self.{orchestra.attribute}"}  # a handler that looks at several is the main flow's
        found = [path for path, handler in self.walk.routes if self.handlers.get(handler) == alone]
        given = orchestra.fields.get("endpoint")
        path = found[0] if len(found) == 1 else given if isinstance(given, str) else ""
        return path if re.fullmatch(r"/[^\s?#]*", path) else ""

    def service(self, micro: Micro, flows: list[str]) -> str:
        """A ``MicroService`` as a service of the pipeline."""
        fields = micro.fields
        where = f"{self.draft.source}:{micro.line}"
        wanted = _text(fields.get("name")) or "service"
        endpoint = _text(fields.get("endpoint")) or _text(fields.get("expose_endpoint")) or "/"
        host, port = _text(fields.get("host")), _port(fields.get("port"))
        key = fields.get("api_key")
        kind = self.kind(wanted, endpoint, fields)
        more: dict[str, Any] = {}
        url = self.url(fields, host, port, endpoint)
        if isinstance(key, Env) and not url and not host.startswith("http"):
            reason = f"{key.name} is for a model that runs elsewhere, and its address is of this machine"
            self.draft.note("lost", f"{wanted}.api_key", reason, where)
        elif isinstance(key, Env):
            more["api_key"] = key.name if re.fullmatch(r"[A-Za-z_]\w*", key.name) else ""
        elif isinstance(key, str) and key:
            reason = "a key in plain text is not read: put it into a variable of the environment"
            self.draft.note("lost", f"{wanted}.api_key", reason, where)
        if url:
            more["url"] = url
        elif re.fullmatch(r"/(?!/)[^\s?#]*", endpoint):
            more |= {"endpoint": endpoint, "port": port}
        else:
            self.draft.note("lost", f"{wanted}.endpoint", f"{endpoint[:80]!r} is no URL path", where)
        known = {"name", "endpoint", "expose_endpoint", "host", "port", "api_key", "service_type", "service_role"}
        known |= {"use_remote_service", "protocol"}
        for field, value in fields.items():
            if isinstance(value, Unknown) and field in known:
                reason = "only running the file tells it: the catalogue's value stands"
                self.draft.note("inferred", f"{wanted}.{field}", reason, where)
            elif field not in known:
                self.draft.note("lost", f"{wanted}.{field}", "has no place in a pipeline", where)
        if variables := self.variables(wanted, fields):
            more["extra"] = {"opea_comps": variables}
        return self.draft.service(wanted, kind, flows=flows, parameters=self.own.steps.get(wanted, {}), **more)

    def kind(self, name: str, endpoint: str, fields: Mapping[str, Any]) -> str:
        catalog = self.draft.catalog
        told = self.own.kinds.get(name, "")
        if told in catalog and catalog[told].role == "service":
            return told
        found = catalog.find(name=name, role="service")
        if found.kind == GENERIC or found.endpoint != endpoint:
            found = catalog.find(name=name, endpoint=endpoint, role="service")
        wanted = fields.get("service_type")
        if found.kind == GENERIC:
            plain = re.sub(r"[-_]?(service|server|in|out|\d+)$", "", name)
            found = catalog.find(name=plain, endpoint=endpoint, role="service")
        if found.kind == GENERIC and isinstance(wanted, str) and wanted not in ("", "UNDEFINED"):
            kinds = [k for k, c in catalog.items() if c.role == "service" and service_type(k) == wanted]
            if kinds:
                self.draft.note("inferred", name, f"taken as {kinds[0]!r}, for its ServiceType.{wanted}")
                return kinds[0]
        host = fields.get("host")
        if found.kind == "llm" and isinstance(host, Env) and "_SERVER_" in host.name and "llm-vllm" in catalog:
            self.draft.note("inferred", name, f"is called directly, as {host.name} tells: taken as 'llm-vllm'")
            return "llm-vllm"
        return found.kind

    def url(self, fields: Mapping[str, Any], host: str, port: int, endpoint: str) -> str:
        """The address of a service that runs elsewhere; empty for one of this machine."""
        protocol = _text(fields.get("protocol")) or "http"
        if whole := re.fullmatch(r"https?://([\w.-]+)(:\d{1,5})?/?", host):  # it is all of the address with an api_key
            return "" if whole[1] in LOCAL else _plain(host.rstrip("/") + endpoint)
        if host in LOCAL or protocol not in ("http", "https") or not re.fullmatch(r"[\w.-]+", host):
            return ""
        return _plain(f"{protocol}://{host}:{port or 80}{endpoint}")

    def variables(self, name: str, fields: Mapping[str, Any]) -> dict[str, str]:
        """Variables of the environment that it looks at, where a written file would look at others."""
        stem = re.sub(r"_SERVICE$", "", re.sub(r"[^A-Z0-9_]", "_", name.upper()))
        found = {}
        for key, word in (("host", "HOST_IP"), ("port", "PORT")):
            value = fields.get(key)
            if isinstance(value, Env) and value.name != f"{stem}_SERVICE_{word}":
                found[key] = value.name
        return found


def _mega(walk: Walk, main: Orchestra) -> tuple[int, str]:
    fields = walk.megas[0].fields if walk.megas else main.fields
    port, endpoint = _port(fields.get("port")), _text(fields.get("endpoint"))
    return port or _port(main.fields.get("port")), endpoint or _text(main.fields.get("endpoint"))


def _tell(tree: ast.Module, draft: Draft) -> None:
    """What the file does besides, that the gateway does in its own way."""
    for node in ast.walk(tree):
        where = f"{draft.source}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name in _ALIGNING:
                draft.note("lost", node.name, "the gateway's own adapters take its place, chosen by port types", where)
            elif node.name.startswith("handle_"):
                draft.note("lost", node.name, "the gateway answers requests itself", where)


def _text(value: Any) -> str:
    if isinstance(value, Env):
        value = value.default
    return value if isinstance(value, str) else ""


def _port(value: Any) -> int:
    if isinstance(value, Env):
        value = value.default
    if isinstance(value, str) and re.fullmatch(r"\d{1,5}", value):
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536 else 0


def _plain(url: str) -> str:
    """Without a port that its protocol has anyway."""
    return re.sub(r"^(http://[^/:]+):80(?=/|$)|^(https://[^/:]+):443(?=/|$)", lambda m: m[1] or m[2], url)
