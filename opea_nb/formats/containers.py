"""What Compose files and Kubernetes manifests say alike about the processes of a plan."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from opea_nb.errors import PlanError
from opea_nb.formats.conversion import Note
from opea_nb.pipeline import Pipeline
from opea_nb.pipeline.secrets import is_secret
from opea_nb.plan import GATEWAY, Plan, Process

FOLDER = "/opea-nb"
"""Where files of this package's own stand inside a container."""
PIPELINE = f"{FOLDER}/pipeline.yaml"
TOKEN = "OPEA_NB_TOKEN"  # noqa: S105  # the name of the variable

DEVICES = {"gaudi": "habana.ai/gaudi", "nvidia": "nvidia.com/gpu", "rocm": "amd.com/gpu"}
"""Accelerator -> what Kubernetes calls one of its devices."""

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_UNITS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}


def not_started(pipeline: Pipeline) -> list[Note]:
    """A note for each service of a Compose file that was read with the pipeline and that its plan does not know."""
    compose = pipeline.mega.document_extra.get("compose")
    services = compose.get("services") if isinstance(compose, Mapping) else None
    reason = "kept from the Compose file that was read, and not started: the gateway stands for a mega service"
    return [Note("kept", str(name), reason) for name in services] if isinstance(services, Mapping) else []


def environment(process: Process) -> dict[str, str]:
    """The variables of its container, sorted by name; ``${NAME}`` stands for the deployer's own variable."""
    serving = {}
    if process.module:  # all addresses of its own container; what is published is another matter
        serving = {"OPEA_NB_HOST": "0.0.0.0", "OPEA_NB_PORT": str(process.address.port)}  # noqa: S104  # as said above
    if process.name == GATEWAY:
        serving["OPEA_NB_PIPELINE"] = PIPELINE
    asked = {name: f"${{{name}}}" for name in process.required if not process.environment.get(name)}
    secrets = {name: f"${{{name}}}" for name in (*process.secrets, *process.optional)}
    return dict(sorted((dict(process.environment) | asked | secrets | serving).items()))


def substituted(value: str, literal: Callable[[str], str], reference: Callable[[str], str]) -> str:
    """A value in a file's own notation: `literal` writes what stands for itself, `reference` the name of a variable.

    >>> substituted("pg://me:${PASSWORD}@db/$x", lambda text: text.replace("$", "$$"), "$({})".format)
    'pg://me:$(PASSWORD)@db/$$x'
    """
    pieces = _REFERENCE.split(value)
    return "".join(reference(piece) if i % 2 else literal(piece) for i, piece in enumerate(pieces))


def references(values: Iterable[str]) -> tuple[str, ...]:
    """Names of the deployer's variables that the values speak of, sorted."""
    return tuple(sorted({name for value in values for name in _REFERENCE.findall(value)}))


def spoken_of(process: Process) -> tuple[str, ...]:
    """Names of the deployer's variables that a container needs."""
    given = process.options
    found = references((*environment(process).values(), *given.entrypoint, *given.command))
    return tuple(name for name in found if name not in process.optional)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A variable that a human must fill in: its name, whether it is a secret, and which processes use it."""

    name: str
    secret: bool
    users: tuple[str, ...]


def wanted(made: Plan) -> tuple[Wanted, ...]:
    """What a human must fill in, by name."""
    users: dict[str, list[Process]] = {}
    for process in made.processes:
        for name in spoken_of(process):
            users.setdefault(name, []).append(process)
    return tuple(
        Wanted(name, any(_hidden(name, p) for p in found), tuple(sorted(p.address.host for p in found)))
        for name, found in sorted(users.items())
    )


def _hidden(name: str, process: Process) -> bool:
    """Whether the process takes this variable for a secret: as its form says, or by the names it goes by."""
    takers = [key for key, value in environment(process).items() if name in references([value])]
    return name in process.secrets or any(map(is_secret, (name, *takers)))


def env_example(made: Plan, head: str) -> str:
    """The text of an ``.env.example``; empty when there is nothing to fill in."""
    lines = []
    for item in wanted(made):
        what = "a secret of" if item.secret else "needed by"
        lines += [f"# {what} {', '.join(item.users)}", f"{item.name}="]
    return "\n".join([head, *lines, ""]) if lines else ""


def probe_words(process: Process) -> tuple[str, ...]:
    """The command inside a container of ours that ends with 0 when it is ready: its image has Python and no curl."""
    port = process.health.port or process.address.port
    code = (
        f"import http.client as h; c = h.HTTPConnection('127.0.0.1', {port}, timeout=8); "
        f"c.request('GET', {process.health.path!r}); raise SystemExit(c.getresponse().status != 200)"
    )
    return ("python", "-c", code)


def amount(text: str, what: str) -> int:
    """A size in bytes, from Docker's notation or Kubernetes': ``2g`` and ``2Gi`` are 2 GiB.

    Raises
    ------
    PlanError
        When it is no size.

    >>> amount("2Gi", "memory"), amount("1g", "shm"), amount("0.5Gi", "memory"), amount("1024", "memory")
    (2147483648, 1073741824, 536870912, 1024)
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgtp]?)(i?)b?", str(text).strip(), re.IGNORECASE)
    if match is None or not Fraction(match.group(1)):
        raise PlanError(f"{what}: {text!r} is no size", hint="write it as 512Mi or 2Gi")
    # Docker means powers of 1024 by either; nobody asks for memory so exactly that a request 7 % larger is wrong
    return int(Fraction(match.group(1)) * 1024 ** _UNITS[match.group(2).lower()])


def cpus(text: str, what: str) -> Fraction:
    """A number of processors: ``2``, ``0.5`` or ``500m``.

    Raises
    ------
    PlanError
        When it is none.

    >>> cpus("500m", "cpu")
    Fraction(1, 2)
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(m?)", str(text).strip())
    value = Fraction(match.group(1)) / (1000 if match.group(2) else 1) if match else Fraction(0)
    if value < Fraction(1, 1000):
        raise PlanError(f"{what}: {text!r} is no number of processors", hint="write it as 2, 0.5 or 500m")
    return value


@dataclass(frozen=True, slots=True)
class Resources:
    """What a process asks for: processors and bytes (0 for nothing said), devices, and keys that are none of these."""

    cpu: Fraction = Fraction(0)
    memory: int = 0
    devices: int = 0
    other: Mapping[str, str] | None = None


def resources(process: Process) -> Resources:
    """Its resources, read.

    Raises
    ------
    PlanError
        When one cannot be read, naming the service.
    """
    given = dict(process.resources)
    cpu = given.pop("cpu", "") or given.pop("cpus", "")
    memory = given.pop("memory", "")
    count = next((given.pop(k) for k in ("hpu", "gpu", *DEVICES.values()) if k in given), "")
    if count and not re.fullmatch(r"[1-9]\d{0,3}", str(count)):
        raise PlanError(f"{process.name}: {count!r} is no number of devices", hint="write it as 1")
    return Resources(
        cpu=cpus(cpu, f"{process.name}: cpu") if cpu else Fraction(0),
        memory=amount(memory, f"{process.name}: memory") if memory else 0,
        devices=int(count or 0),
        other=given,
    )
