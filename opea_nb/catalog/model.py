"""What can be put in a pipeline: components, their ports, parameters and forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["service", "engine"]
ParameterType = Literal["string", "text", "integer", "number", "boolean", "choice"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One setting of a component.

    Parameters
    ----------
    name
        The key in the request, as OPEA's own request models call it.
    type
        ``string``, ``text`` (several lines), ``integer``, ``number``, ``boolean`` or ``choice``.
    default
        What the component uses when nothing is set; ``None`` for none.
    minimum, maximum
        Inclusive range of a number; ``None`` for no bound.
    choices
        The allowed values of a ``choice``.
    unit
        ``tokens``, ``s`` …; empty for none.
    sent
        Whether it travels with each request; otherwise it is a setting of the process, such as the model it serves.
    help
        One sentence for the inspector.
    """

    name: str
    type: ParameterType = "string"
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    unit: str = ""
    sent: bool = True
    help: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """How readiness of a process is seen.

    Parameters
    ----------
    path
        URL path that answers 200 when ready; empty for a process that speaks no HTTP.
    timeout
        Seconds until waiting ends with an error.
    port
        The port that answers `path`, where it is not the process's own; 0 otherwise.
    command
        Command inside the container that ends with 0 when ready, for what speaks no HTTP (``redis-cli ping``). Words
        are meant literally: ``$NAME`` is a variable of the container for the shell that the command names.
    """

    path: str = "/v1/health_check"
    timeout: float = 120.0
    port: int = 0
    command: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ContainerOptions:
    """What a container needs besides image, environment and volumes; for the most part, engines do.

    Parameters
    ----------
    entrypoint, command
        What runs in it, where the image's own is not meant; ``command`` stands for the image's arguments (what Docker
        calls ``command``). Words may hold the placeholders of `Form.environment`.
    ports
        Ports besides the form's own.
    shm
        Size of shared memory, as ``1g``.
    ipc, runtime
        As Docker names them (``host``; ``habana``).
    capabilities, devices, groups, security
        Linux capabilities to add, device files, supplementary groups, security options.
    ulimits
        Limit -> value, -1 for none.
    privileged
        Whether it may do everything.
    """

    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    shm: str = ""
    ipc: str = ""
    runtime: str = ""
    capabilities: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    security: tuple[str, ...] = ()
    ulimits: Mapping[str, int] = field(default_factory=dict)
    privileged: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """One way to run a component.

    Parameters
    ----------
    name
        ``embedded`` (a process of this machine, no container) or ``opea`` (upstream's container image).
    module
        Python module that an embedded form runs as ``python -m``; empty for an image.
    image
        Container image; empty for an embedded form.
    port
        The port that the process listens on inside its container; 0 for a free one.
    environment
        Variables. A value may hold ``{url:NAME}``, ``{host:NAME}`` or ``{port:NAME}``, NAME being one of
        `engines` or `links`, or ``gateway``; ``{model:NAME}``, the model that such an engine serves; ``{model}``, its
        own; ``{index:NAME}``, the index that services with the same `Component.shares` agree on, NAME unless one of
        them is told another; ``{volume:NAME}``, a path; ``{parameter:NAME}``; ``{pipeline}``; ``{name}``, its own.
        ``${NAME}`` is the deployer's variable of that name, which `secrets` or `required` must list.
    engines
        Kinds of the engines that this form uses (a model server, a database), in order.
    models
        Kind of an engine -> the model that this form needs it to serve, where that is not the engine's default.
    model
        The model that this form serves when its parameter ``model`` is not set.
    links
        Kinds of the *services* whose addresses this form needs (dataprep calls embedding).
    volumes
        Name of a volume -> path inside the container. Services of one pipeline that name the same volume share it;
        a name with ``{name}`` is for this one alone.
    secrets
        Names of the environment variables that hold secrets; only the names are ever written.
    health
        How its readiness is seen.
    accelerator
        ``cpu``, ``gaudi``, ``rocm`` or ``nvidia``: what hardware it is for.
    options
        What its container needs besides.
    required
        Variables without a default that a human must fill in and that are no secrets.
    gmc
        Name of this form's step in a GMConnector, where it is not the component's (``TgiGaudi``).
    """

    name: str
    module: str = ""
    image: str = ""
    port: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    engines: tuple[str, ...] = ()
    models: Mapping[str, str] = field(default_factory=dict)
    model: str = ""
    links: tuple[str, ...] = ()
    volumes: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    health: Health = Health()
    accelerator: str = "cpu"
    options: ContainerOptions = ContainerOptions()
    required: tuple[str, ...] = ()
    gmc: str = ""


@dataclass(frozen=True, slots=True)
class PortType:
    """What a wire contract carries, so that fitting ports are known before anything runs.

    Parameters
    ----------
    name
        The contract, mostly OPEA's own name (``EmbedDoc``), else the engine's (``TeiRanks``).
    needs
        Facets that a request of this type is made of. Each is found in what any step before it gave.
    gives
        Facets that a response of this type holds.
    uses
        Facets that a request of this type makes use of when there are any.

    Facets are ``query`` (every run has it), ``embedding``, ``documents``, ``answer``, ``audio``, ``image``, ``verdict``
    (a guardrail's) and ``json`` (anything, passed on as it is).
    """

    name: str
    needs: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Component:
    """An entry of the catalogue: a kind of microservice or engine.

    Parameters
    ----------
    kind
        Key of the entry; what ``Pipeline.add(kind)`` takes.
    role
        ``service`` (a step of a flow) or ``engine`` (what a service uses).
    group
        Where the palette shows it.
    input, output
        Names of the port types of its request and of its response; empty for an engine.
    endpoint
        URL path that takes a query.
    port
        The port of OPEA's form, also the default in the unified YAML.
    flow
        Name of a flow of its own that the component is put in when added; empty for the main flow.
        (dataprep is not a step of a question.)
    shares
        Name of a store that all services of a pipeline that name it have in common: they run in forms of the same name
        and use the same engine and index, unless told apart.
    then
        Kinds that usually follow it in a flow, the likeliest first; what the builder offers first at the end of a wire.
    routes
        URL path prefixes of the service that the gateway passes through as they are.
    aliases
        Other names that files use for it (``retrieval`` for ``retriever``).
    images
        Container images, without registry digest or tag, that files use for it besides those of its forms.
    gmc
        Name of the step that stands for it in a GMConnector; empty where GMC has none. A form may have its own.
    studio
        Names of the nodes that stand for it in flows of GenAIStudio.
    parameters, forms
        Settings, and ways to run it by name.
    """

    kind: str
    title: str
    role: Role = "service"
    group: str = ""
    help: str = ""
    icon: str = ""
    input: str = ""
    output: str = ""
    endpoint: str = ""
    port: int = 0
    flow: str = ""
    shares: str = ""
    then: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    gmc: str = ""
    studio: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    forms: Mapping[str, Form] = field(default_factory=dict)

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of that name, or ``None``."""
        return next((p for p in self.parameters if p.name == name), None)
