"""A pipeline as one Python file for opea-comps 1.5: ``MicroService``, ``ServiceOrchestrator``, and what aligns them."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pprint import pformat
from urllib.parse import urlsplit

import networkx as nx

from opea_nb.errors import FormatError
from opea_nb.formats.comps_python.prompts import SYSTEM, WITH_DOCUMENTS, WITHOUT_DOCUMENTS
from opea_nb.formats.comps_python.types import LOCAL, service_type
from opea_nb.formats.conversion import Exported, Note
from opea_nb.pipeline import MAIN, Pipeline, Service
from opea_nb.pipeline.when import WHEN

__all__ = ["write"]

_HINTS = {
    "AudioTranscriptionRequest": "opea-comps posts JSON, not a form: use asr-whisper instead",
    "AudioSpeechRequest": "opea-comps reads JSON and audio/wav only: use tts-speecht5 instead",
}
_MAIN = 'if __name__ == "__main__":\n    service = {}()\n    service.add_remote_service()\n    service.start()'
_STEPS = "# Step -> how it is asked, how its reply is read, its parameters, and what a request may set of them"
_KINDS = "# The kind of each step, for tools that read this file"
_RANKING = "# Steps that rank passages, and are left out where none were found"
_STREAMING = ("ChatCompletion", "GeneratedDoc")


def write(pipeline: Pipeline, *, always: bool = False) -> Exported:
    """Write ``<name>.py``, which ``python <name>.py`` runs where opea-comps 1.5 is installed.

    It deploys nothing: every service is one that runs already, at ``<NAME>_SERVICE_HOST_IP`` and
    ``<NAME>_SERVICE_PORT``.

    Parameters
    ----------
    always
        Whether steps that are for some requests only run for all of them, as opea-comps cannot leave one out; noted as
        a loss. Refused otherwise.

    Raises
    ------
    FormatError
        When a service speaks a contract that opea-comps cannot, or runs for some requests only, naming it.
    """
    if not pipeline.services:
        hint = "add one: pipeline.add('llm')"
        raise FormatError("the pipeline has no services", source=pipeline.name, hint=hint)
    conditional = [s.name for s in pipeline.services.values() if s.extra.get(WHEN)]
    if conditional and not always:
        some = " and ".join(sorted(conditional)[:4])
        message = f"{some}: opea-comps' orchestrator runs every step of a flow, and cannot choose by the request"
        hint = "give each case a flow of its own, or let them run always: --option always=true (always=True in Python)"
        raise FormatError(message, source=pipeline.name, hint=hint)
    writing = _Writing(pipeline)
    text = writing.text()
    name = re.sub(r"\W", "_", pipeline.name)
    return Exported({f"{name}.py": text}, tuple(writing.notes))


class _Writing:
    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.notes: list[Note] = []
        self.services = dict(sorted(pipeline.services.items()))
        self.variables = _variables(self.services)
        self.aligning = _Functions()
        self.class_name = "".join(p.title() for p in re.split(r"\W|_", pipeline.name)) + "Service"
        if self.class_name[0].isdigit():
            self.class_name = f"The{self.class_name}"

    def text(self) -> str:
        """The whole file."""
        self.tell()
        steps = [self.step(s) for s in self.services.values()]
        functions = self.aligning.text(["prompt_of"] if self.prompts() else [])
        frame = files(__package__).joinpath("frame.py.txt").read_text("utf-8").strip()
        flows = [name for name in self.pipeline.flows if len(self.pipeline.flow(name))]
        kinds = pformat({n: v.kind for n, v in self.services.items()}, width=110)
        parts = [
            self.head(),
            functions,
            f"{_STEPS}\nSTEPS = {{\n{''.join(steps)}}}",
            f"{_KINDS}\nNAME = {self.pipeline.name!r}\nKINDS = {kinds}",
            f"{_RANKING}\nRANKING = {self.ranking()!r}",
            frame,
            self.service_class(flows),
            _MAIN.format(self.class_name),
        ]
        return "\n\n\n".join(part.strip("\n") for part in parts) + "\n"

    def prompts(self) -> bool:
        return any(self.port_types(s)[0] == "ChatCompletionRequest" for s in self.services.values())

    def head(self) -> str:
        name = self.pipeline.name
        module = re.sub(r"\W", "_", name)
        lines = [
            f'"""{name}, written by opea-nb for opea-comps 1.5: change the pipeline and write it again.',
            "",
            f"    python {module}.py",
            f"    curl http://127.0.0.1:{self.pipeline.port}{self.pipeline.endpoint} \\\\",
            '        -H \'Content-Type: application/json\' -d \'{"messages": "…", "stream": false}\'',
            '"""',
            "",
            "import ast",
            "import json",
            "import os",
            "import re",
            "import time",
            "import uuid",
            "from typing import Any",
            "",
            "from comps import MicroService, ServiceOrchestrator, ServiceRoleType, ServiceType",
            "from comps.cores.proto.docarray import LLMParams",
            "from fastapi import Request",
            "from fastapi.responses import JSONResponse, StreamingResponse",
        ]
        return "\n".join(lines)

    def step(self, service: Service) -> str:
        """The entry of a service in ``STEPS``."""
        asked, read = self.port_types(service)
        ask, reader = f"ask_{asked}", f"read_{read}"
        for function, port_type in ((ask, asked), (reader, read)):
            if function not in self.aligning.known:
                hint = _HINTS.get(port_type, "write Compose or the unified YAML instead, or leave it out")
                message = f"{service.name} ({service.kind}) speaks {port_type}, which opea-comps' orchestrator cannot"
                raise FormatError(message, source=self.pipeline.name, hint=hint)
        self.aligning.want(ask, reader)
        component = self.pipeline.component(service.name)
        takes = [p.name for p in component.parameters if p.sent]
        defaults = {p.name: p.default for p in component.parameters if p.sent and p.default is not None}
        given = {k: v for k, v in service.parameters.items() if self.is_sent(service, k)}
        own = pformat(dict(sorted({**defaults, **given}.items())), width=90, sort_dicts=True)
        own = own.replace("\n", "\n" + " " * 8)
        return (
            f"    {service.name!r}: (\n        {ask},\n        {reader},\n        {own},\n"
            f"        {_tuple(takes)},\n    ),\n"
        )

    def is_sent(self, service: Service, name: str) -> bool:
        """Whether a parameter travels with a request."""
        parameter = self.pipeline.component(service.name).parameter(name)
        return parameter is None or parameter.sent or (name == "model" and bool(service.api_key))

    def port_types(self, service: Service) -> tuple[str, str]:
        component = self.pipeline.component(service.name)
        return component.input, component.output

    def ranking(self) -> list[str]:
        catalog = self.pipeline.catalog
        found = []
        for service in self.services.values():
            asked, read = self.port_types(service)
            takes = {*catalog.port_type(asked).needs, *catalog.port_type(asked).uses}
            if "documents" in takes and catalog.port_type(read).gives == ("documents",) and "embedding" not in takes:
                found.append(service.name)
        return found

    def service_class(self, flows: list[str]) -> str:
        """The class that has the services and flows."""
        pipeline = self.pipeline
        lines = [
            f"class {self.class_name}:",
            f'    """The mega service {pipeline.name}."""',
            "",
            "    def __init__(self, host=None, port=None):",
            '        self.host = host or os.getenv("MEGA_SERVICE_HOST_IP", "127.0.0.1")',
            f'        self.port = int(port or os.getenv("MEGA_SERVICE_PORT", {pipeline.port}))',
            f"        self.endpoint = {pipeline.endpoint!r}",
            *(f"        self.{self.flow_name(flow)} = Orchestrator()" for flow in flows),
            "",
            "    def add_remote_service(self):",
            '        """The services, and the flow between them."""',
        ]
        for service in self.services.values():
            lines += self.micro_service(service)
        for flow in flows:
            graph = pipeline.flow(flow)
            names = list(nx.lexicographical_topological_sort(graph))
            own = f"self.{self.flow_name(flow)}"
            lines.append(f"        {own}" + "".join(f".add({self.variables[n]})" for n in names))
            for a, b in sorted(graph.edges, key=lambda e: (names.index(e[0]), names.index(e[1]))):
                lines.append(f"        {own}.flow_to({self.variables[a]}, {self.variables[b]})")
        for flow in flows:
            handler = "handle_request" if flow == MAIN else f"handle_{self.flow_name(flow)}"
            streams = self.streams(flow)
            lines += [
                "",
                f"    async def {handler}(self, request: Request):",
                f'        """Answer a request of the flow {flow}."""',
                f"        return await answered(request, self.{self.flow_name(flow)}, {streams}, {pipeline.name!r})",
            ]
        lines += [
            "",
            "    def start(self):",
            '        """Serve until it is stopped."""',
            "        service = MicroService(",
            "            self.__class__.__name__,",
            "            service_role=ServiceRoleType.MEGASERVICE,",
            "            host=self.host,",
            "            port=self.port,",
            "            endpoint=self.endpoint,",
            "        )",
        ]
        for flow in flows:
            handler = "handle_request" if flow == MAIN else f"handle_{self.flow_name(flow)}"
            endpoint = "self.endpoint" if flow == MAIN else repr(self.endpoint(flow))
            lines.append(f'        service.add_route({endpoint}, self.{handler}, methods=["POST"])')
        return "\n".join([*lines, "        service.start()"])

    def endpoint(self, flow: str) -> str:
        return self.pipeline.mega.path_of(self.pipeline.flows[flow])

    def flow_name(self, flow: str) -> str:
        """The attribute that holds a flow's orchestrator."""
        return "megaservice" if flow == MAIN else "megaservice_" + re.sub(r"\W", "_", flow)

    def streams(self, flow: str) -> bool:
        """Whether its answer can be streamed: a language model writes it at the end, and nothing else does."""
        graph = self.pipeline.flow(flow)
        leaves = [n for n in graph if not graph.out_degree(n)]
        kinds = {n: self.port_types(self.services[n])[1] for n in graph}
        models = [n for n in graph if service_type(self.services[n].kind) in ("LLM", "LVM")]
        return len(leaves) == 1 and models == leaves and kinds[leaves[0]] in _STREAMING

    def micro_service(self, service: Service) -> list[str]:
        """The statement that makes a service known."""
        component = self.pipeline.component(service.name)
        variable = self.variables[service.name]
        stem = re.sub(r"_SERVICE$", "", re.sub(r"[^A-Z0-9_]", "_", service.name.upper()))
        own = service.extra.get("opea_comps")
        told = own if isinstance(own, Mapping) else {}
        host_name, port_name = (
            str(told.get(key) or f"{stem}_SERVICE_{word}") for key, word in (("host", "HOST_IP"), ("port", "PORT"))
        )
        protocol, host, port, endpoint = "http", "localhost", service.port or component.port, service.endpoint
        if service.url:
            parts = urlsplit(service.url)
            protocol, host = parts.scheme, parts.hostname or host
            port = parts.port or (443 if protocol == "https" else 80)
            endpoint = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        endpoint = endpoint or component.endpoint or "/"
        fields = [f"name={service.name!r}"]
        if service.api_key:
            fields += [f"host={f'{protocol}://{host}:{port}'!r}", f"port={port}"]
            fields.append(f"api_key=os.getenv({service.api_key!r})")
        else:
            fields.append(f"host=os.getenv({host_name!r}, {host!r})")
            fields.append(f"port=int(os.getenv({port_name!r}, {port}))")
            if protocol != "http":
                fields.append(f"protocol={protocol!r}")
        kind = service_type(service.kind)
        fields += [f"endpoint={endpoint!r}", "use_remote_service=True", f"service_type=ServiceType.{kind}"]
        return [f"        {variable} = MicroService(", *(f"            {field}," for field in fields), "        )"]

    def tell(self) -> None:
        """Note what a file of opea-comps has no place for."""
        for name in sorted(self.pipeline.engines):
            self.notes.append(Note("lost", name, "opea-comps knows no engines: it deploys nothing"))
        for key in (*self.pipeline.mega.document_extra, *self.pipeline.mega.extra):
            self.notes.append(Note("lost", str(key), "is kept of another format, and has no place in Python"))
        flows = [name for name in self.pipeline.flows if len(self.pipeline.flow(name))]
        if MAIN not in flows:
            self.notes.append(Note("lost", flows[0], f"the only flow, or the first, is the main one here: {flows[0]}"))
        for service in self.services.values():
            lost = [field for field in ("image", "form", "environment", "resources") if getattr(service, field)] + (
                ["replicas"] if service.replicas > 1 else []
            )
            lost += [f"parameters.{key}" for key in sorted(service.parameters) if not self.is_sent(service, key)]
            lost += [key for key in service.extra if key != "opea_comps"]
            if (urlsplit(service.url).hostname or "") in LOCAL and service.url:
                reason = "an address of this machine: read back, it is a service that is deployed here"
                self.notes.append(Note("lost", f"{service.name}.url", reason))
            for field in lost:
                reason = (
                    "a request condition is not looked at: the step always runs"
                    if field == WHEN
                    else "opea-comps deploys nothing, and has no place for it"
                )
                self.notes.append(Note("lost", f"{service.name}.{field}", reason))


def _variables(services: Iterable[str]) -> dict[str, str]:
    """Service -> a variable's name, each its own."""
    found: dict[str, str] = {}
    for service in services:
        name = re.sub(r"[^a-z0-9_]", "_", service.lower())
        name = f"the_{name}" if not name[:1].isalpha() or keyword.iskeyword(name) or name in ("self", "os") else name
        while name in found.values():
            name += "_"
        found[service] = name
    return found


def _tuple(names: list[str]) -> str:
    inner = ", ".join(f'"{n}"' for n in names)
    return f"({inner},)" if len(names) == 1 else f"({inner})"


class _Functions:
    """The functions of `aligning`, and those that each needs."""

    def __init__(self) -> None:
        self.source = files(__package__).joinpath("aligning.py").read_text("utf-8")
        tree = ast.parse(self.source)
        self.known = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
        self.wanted = {"WrongReply", "merged", "events_of", "token_of"}

    def want(self, *names: str) -> None:
        """Have functions, and what they call."""
        for name in names:
            if name in self.known and name not in self.wanted:
                self.wanted.add(name)
                self.want(*(n.id for n in ast.walk(self.known[name]) if isinstance(n, ast.Name)))

    def text(self, more: list[str]) -> str:
        """Their source, in the order in which they stand there."""
        self.want(*more)
        parts = []
        if "prompt_of" in self.wanted:
            prompts = {"SYSTEM": SYSTEM, "WITH_DOCUMENTS": WITH_DOCUMENTS, "WITHOUT_DOCUMENTS": WITHOUT_DOCUMENTS}
            parts.append("\n".join(f"{name} = {value!r}" for name, value in prompts.items()))
        parts += [ast.get_source_segment(self.source, n) or "" for name, n in self.known.items() if name in self.wanted]
        return "\n\n\n".join(parts)
