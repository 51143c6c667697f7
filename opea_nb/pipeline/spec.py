"""The parts of a pipeline, as values: services, engines, flows and the mega service's settings."""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from opea_nb.errors import PipelineError
from opea_nb.pipeline.names import check_name

MAIN = "main"
"""Name of the flow that the mega service's own endpoint runs."""

Position = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Service:
    """A microservice of a pipeline.

    Parameters
    ----------
    name
        Its name in this pipeline.
    kind
        The catalogue's component.
    endpoint
        URL path; empty for the component's.
    port
        Its port, 1 to 65535; 0 for the component's.
    url
        Absolute URL of a service that runs elsewhere and is not deployed; empty otherwise.
    image, form
        Container image, and which of the component's forms to run; empty to let the target choose.
    environment
        Variables of its process. Secrets belong in the deployer's environment, not here.
    parameters
        Settings sent with each request, checked against the component's.
    api_key
        Name of the environment variable that holds the key for `url`.
    replicas, resources
        How many, and what each asks for (``{"memory": "2Gi"}``).
    position
        Where the canvas shows it, in pixels; ``None`` to leave that to the layout. Not part of equality.
    extra
        Keys of its YAML entry that opea_nb does not know; kept and written back.
    """

    name: str
    kind: str
    endpoint: str = ""
    port: int = 0
    url: str = ""
    image: str = ""
    form: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    api_key: str = ""
    replicas: int = 1
    resources: Mapping[str, str] = field(default_factory=dict)
    position: Position | None = field(default=None, compare=False)
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Engine:
    """What services use: a model server, a database. Fields as in `Service`."""

    name: str
    kind: str
    port: int = 0
    url: str = ""
    image: str = ""
    form: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    replicas: int = 1
    resources: Mapping[str, str] = field(default_factory=dict)
    position: Position | None = field(default=None, compare=False)
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Flow:
    """A named flow of a pipeline: its endpoint on the gateway, and YAML keys that opea_nb does not know."""

    name: str
    endpoint: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MegaService:
    """Settings of the pipeline as a whole.

    Parameters
    ----------
    name
        The pipeline's name: letters, digits, ``-`` and ``_``.
    port
        The gateway's port where the target does not choose one.
    endpoint
        The main flow's URL path; empty for ``/v1/<name>``.
    extra, document_extra
        Unknown YAML keys under ``opea_mega_service``, and at the top of the file.
    """

    name: str
    port: int = 8888
    endpoint: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    document_extra: Mapping[str, Any] = field(default_factory=dict)

    def path_of(self, flow: Flow) -> str:
        """URL path of a flow on the gateway.

        >>> mega = MegaService("chatqna")
        >>> mega.path_of(Flow(MAIN)), mega.path_of(Flow("dataprep")), mega.path_of(Flow("x", "/v1/y"))
        ('/v1/chatqna', '/v1/chatqna/dataprep', '/v1/y')
        """
        own = self.endpoint or f"/v1/{self.name}"
        return own if flow.name == MAIN else flow.endpoint or f"{own}/{flow.name}"


Node = Service | Engine


def check_fields(whose: str, cls: type, fields: Iterable[str]) -> None:
    """Refuse what is no field of a class.

    Raises
    ------
    PipelineError
        For the first such field; names the nearest.
    """
    known = [f.name for f in dataclasses.fields(cls)]
    for field_ in fields:
        if field_ not in known:
            near = difflib.get_close_matches(field_, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"fields: {', '.join(known)}"
            raise PipelineError(f"{whose} has no field {field_!r}", hint=hint)


def check_node(node: Node) -> Node:
    """The service or engine, when its own fields are in range.

    Raises
    ------
    PipelineError
        For a bad name, port, replica count, URL, endpoint or environment.
    """
    what = "service" if isinstance(node, Service) else "engine"
    check_name(node.name, what)
    _check_types(node)
    if isinstance(node.port, bool) or not isinstance(node.port, int) or not 0 <= node.port <= 65535:
        raise PipelineError(f"{node.name}: port {node.port!r} is no TCP port", hint="use 1 to 65535")
    if isinstance(node.replicas, bool) or not isinstance(node.replicas, int) or node.replicas < 1:
        raise PipelineError(f"{node.name}: replicas is {node.replicas!r}", hint="use a whole number from 1")
    if node.url and not re.match(r"https?://[^/\s]+", node.url):
        raise PipelineError(f"{node.name}: {node.url!r} is no absolute HTTP URL", hint="write http://host:port/path")
    if isinstance(node, Service):
        if node.url and node.endpoint:
            raise PipelineError(f"{node.name}: has a url and an endpoint", hint="write the endpoint as part of the url")
        if node.endpoint and not re.fullmatch(r"/[^\s?#]*", node.endpoint):
            raise PipelineError(f"{node.name}: endpoint {node.endpoint!r} is no URL path", hint="write it as /v1/…")
        if node.api_key and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", node.api_key):
            raise PipelineError(
                f"{node.name}: api_key must be the name of an environment variable",
                hint="put the key in a variable, and that variable's name here",
            )
    for key, value in node.environment.items():
        if not isinstance(key, str) or not isinstance(value, str) or not key or "=" in key or "\0" in key + value:
            raise PipelineError(
                f"{node.name}: environment {key!r} is no variable with text", hint='write "NAME": "text"'
            )
    return node


_TEXTS = ("kind", "endpoint", "url", "image", "form", "api_key")
_MAPPINGS = ("environment", "parameters", "resources", "extra")


def _check_types(node: Node) -> None:
    for key in _TEXTS:
        if not isinstance(value := getattr(node, key, ""), str):
            raise PipelineError(f"{node.name}: {key} is {value!r}, not text", hint=f'write {key}="…"')
    for key in _MAPPINGS:
        if not isinstance(value := getattr(node, key), Mapping):
            raise PipelineError(f"{node.name}: {key} is {value!r}, not a mapping", hint=f'write {key}={{"name": …}}')
    for key, value in node.resources.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise PipelineError(f"{node.name}: resources {key!r} is {value!r}, not text", hint='write {"cpu": "2"}')
    place = node.position
    if place is not None and not (
        isinstance(place, tuple)
        and len(place) == 2
        and all(isinstance(x, int | float) and math.isfinite(x) for x in place)
    ):
        raise PipelineError(f"{node.name}: position {place!r} is no point", hint="write (x, y) in pixels")
