"""A pipeline as a Docker Compose file: a plan's processes in Compose's notation, and nothing decided anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from importlib.resources import files

from opea_nb.formats import containers
from opea_nb.formats.conversion import Exported, Note
from opea_nb.formats.yaml_dump import dump
from opea_nb.pipeline import Pipeline
from opea_nb.pipeline.hosts import host_name
from opea_nb.plan import GATEWAY, IMAGE, Plan, Process, Target, plan

PROBE = f"{containers.FOLDER}/probe.sh"
_Noted = Callable[[str, str], None]
_Mapping = dict[str, object]


def write(
    pipeline: Pipeline,
    *,
    accelerator: str = "cpu",
    embedded: bool = False,
    address: str = "127.0.0.1",
    port: int = 0,
    project: str = "",
    image: str = IMAGE,
) -> Exported:
    """Write ``compose.yaml`` and, when a human must fill something in, ``.env.example``.

    It runs with Compose 2.23.1 and newer: ``docker compose up --wait``. Only the gateway is published.

    Parameters
    ----------
    accelerator
        ``cpu``, ``gaudi``, ``rocm`` or ``nvidia``: preferred where a component has a form for it.
    embedded
        Whether to run the small services of this package instead of upstream's images.
    address, port
        Where the gateway is published on the machine; loopback and the pipeline's port by default.
    project
        Compose's project name; made from the pipeline's name when empty.
    image
        The image that holds this package; see `opea_nb.formats.image.build`.

    Raises
    ------
    PlanError
        When a service cannot run in a container, naming it.
    """
    target = Target.containers("compose", accelerator=accelerator, embedded=embedded, image=image)
    made = plan(pipeline, target)
    notes = containers.not_started(pipeline)
    data = _document(made, f"{_bracketed(address)}:{port or pipeline.port}", project, notes)
    text = _head(made, f"http://{_bracketed(address)}:{port or pipeline.port}", pipeline.endpoint, image) + dump(data)
    example = containers.env_example(made, "# Copy this file to .env, beside compose.yaml, and fill it in.")
    return Exported({"compose.yaml": text} | ({".env.example": example} if example else {}), tuple(notes))


def _head(made: Plan, url: str, endpoint: str, image: str) -> str:
    build = "#   opea-nb image            once, for the image of the gateway\n" if image == IMAGE else ""
    fill = "#   cp .env.example .env     and fill it in\n" if containers.wanted(made) else ""
    return (
        f"# {made.name}, written by opea-nb: change the pipeline and write it again.\n{build}{fill}"
        f"#   docker compose up --wait\n#   curl {url}{endpoint} -H 'Content-Type: application/json' "
        f"""-d '{{"messages": "…", "stream": false}}'\n#   docker compose down -v\n"""
    )


def _document(made: Plan, published: str, project: str, notes: list[Note]) -> _Mapping:
    services: _Mapping = {}
    hosts = {p.name: p.address.host for p in made.processes}
    for process in made.processes:

        def noted(key: str, reason: str, name: str = process.name) -> None:
            notes.append(Note("lost", f"{name}: {key}", reason))

        services[process.address.host] = _service(process, hosts, published, noted)
    configs: _Mapping = {"pipeline": {"content": _literal(made.document)}}
    if any(_probed(p) for p in made.processes):
        configs["probe"] = {"content": _literal(files(__package__).joinpath("probe.sh").read_text("utf-8"))}
    volumes: dict[str, _Mapping] = {v.name: {} for p in made.processes for v in p.volumes}
    return _filled(
        {
            "name": project or host_name(made.name),
            "services": services,
            "configs": configs,
            "volumes": dict(sorted(volumes.items())),
        },
        keep=("volumes",),
    )


def _service(process: Process, hosts: dict[str, str], published: str, noted: _Noted) -> _Mapping:
    given = process.options
    ours = bool(process.module)
    gateway = process.name == GATEWAY
    configs = ["pipeline"] * gateway + ["probe"] * _probed(process)
    targets = {"pipeline": containers.PIPELINE, "probe": PROBE}
    environment: _Mapping = {
        # none: Compose hands the deployer's on, and an unset one is not there, which an empty token is not the same as
        name: None if name in process.optional and value == f"${{{name}}}" else _value(value, process.optional)
        for name, value in containers.environment(process).items()
    }
    if ours:  # empty for no token
        environment[containers.TOKEN] = f"${{{containers.TOKEN}:-}}"
    accelerated = _accelerated(process)
    return _filled(
        {
            "image": _literal(process.image),
            "entrypoint": _words(given.entrypoint),
            "command": ["python", "-m", process.module] if ours else _words(given.command),
            "environment": dict(sorted(environment.items())),
            "configs": [{"source": name, "target": targets[name]} for name in configs],
            "volumes": [f"{v.name}:{_literal(v.path)}" for v in process.volumes],
            "ports": [f"{published}:{process.address.port}"] if gateway else [],
            "depends_on": {hosts[name]: {"condition": "service_healthy"} for name in process.needs},
            "healthcheck": _healthcheck(process),
            "deploy": _deploy(process, noted),
            "runtime": accelerated.get("runtime"),
            "devices": accelerated.get("devices"),
            "group_add": list(given.groups) or (["video"] if process.accelerator == "rocm" else []),
            "cap_add": list(given.capabilities),
            "security_opt": list(given.security),
            "privileged": given.privileged,
            "ipc": given.ipc,
            "shm_size": given.shm,
            "ulimits": dict(sorted(given.ulimits.items())),
            "restart": "unless-stopped",
        }
    )


def _accelerated(process: Process) -> _Mapping:
    """What lets a container see its devices, where the catalogue leaves that to its accelerator."""
    given = process.options
    return {
        "runtime": given.runtime or ("habana" if process.accelerator == "gaudi" else ""),
        "devices": list(given.devices) or (["/dev/kfd", "/dev/dri"] if process.accelerator == "rocm" else []),
    }


def _deploy(process: Process, noted: _Noted) -> _Mapping:
    asked = containers.resources(process)
    for key, value in sorted((asked.other or {}).items()):
        noted(f"resources.{key}", f"Compose has no resource of that name (it was {value})")
    devices: list[_Mapping] = []
    if process.accelerator == "nvidia":
        devices = [{"driver": "nvidia", "count": asked.devices or 1, "capabilities": ["gpu"]}]
    elif asked.devices:
        reason = f"Compose cannot count the devices of {process.accelerator}: the container sees all of them"
        noted("resources.devices", reason)
    limits = {"cpus": _decimal(asked.cpu), "memory": _size(asked.memory)}
    reserved = _filled({"devices": devices})
    return _filled(
        {
            "replicas": process.replicas if process.replicas > 1 else None,
            "resources": _filled({"limits": _filled(limits), "reservations": reserved}),
        }
    )


def _probed(process: Process) -> bool:
    """Whether its health is seen by the script: it is not ours, and the catalogue has no command for it."""
    return not process.module and not process.health.command


def _healthcheck(process: Process) -> _Mapping:
    health = process.health
    words = containers.probe_words(process) if process.module else health.command
    if _probed(process):
        path = (health.path,) if health.path else ()
        words = ("sh", PROBE, str(health.port or process.address.port), *path)
    # a check that fails within the start period is no failure yet
    times = {"interval": "5s", "timeout": "10s", "retries": 6, "start_period": f"{_patience(process):.0f}s"}
    return {"test": ["CMD", *map(_literal, words)], **times}


def _patience(process: Process) -> float:
    return max(process.health.timeout, 1.0)


def _words(words: Iterable[str]) -> list[str]:
    return [_value(word) for word in words]


def _literal(text: str) -> str:
    return text.replace("$", "$$")


def _value(text: str, optional: tuple[str, ...] = ()) -> str:
    def reference(name: str) -> str:
        return f"${{{name}:-}}" if name in optional else f"${{{name}:?fill in {name}, see .env.example}}"

    return containers.substituted(text, _literal, reference)


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address and not address.startswith("[") else address


def _size(count: int) -> str:
    """Bytes in the largest unit that needs no fraction; Compose's units are powers of 1024."""
    if not count:
        return ""
    for unit, size in (("g", 1 << 30), ("m", 1 << 20), ("k", 1 << 10)):
        if count % size == 0:
            return f"{count // size}{unit}"
    return f"{count}b"


def _decimal(number: Fraction) -> str:
    return f"{float(number):g}" if number else ""


def _filled(data: Mapping[str, object], *, keep: tuple[str, ...] = ()) -> _Mapping:
    """Without what is empty."""
    return {k: v for k, v in data.items() if v not in (None, "", [], {}, False) or (k in keep and v)}
