"""The pod of a process."""

from __future__ import annotations

import math
from collections.abc import Mapping

from opea_nb.formats import containers
from opea_nb.formats.kubernetes import settings
from opea_nb.formats.kubernetes.volumes import Claim, affinity, quantity
from opea_nb.formats.kubernetes.wishes import Manifest, Noted, Wishes, filled
from opea_nb.plan import GATEWAY, Process

USER = 10001
"""The user of this package's image."""
_GROUP = 1000  # any group does: volumes are given to it, and the process is put in it
_PERIOD = 5
_SHM_LIMIT = 8 << 30
_SHM_OF_HOST = "1g"


def pod(
    process: Process, found: tuple[Claim, ...], wishes: Wishes, configs: Mapping[str, str], noted: Noted
) -> Manifest:
    """The pod's spec.

    Parameters
    ----------
    found
        The process's claims.
    configs
        ``environment`` and ``pipeline`` -> names of their ConfigMaps, where there are any.
    """
    volumes: list[Manifest] = [{"name": c.name, "persistentVolumeClaim": {"claimName": c.name}} for c in found]
    mounts: list[Manifest] = [{"name": c.name, "mountPath": c.path} for c in found]
    if shm := _shared_memory(process, noted):
        volumes.append({"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": quantity(shm)}})
        mounts.append({"name": "shm", "mountPath": "/dev/shm"})  # noqa: S108  # no file: shared memory is there
    if "pipeline" in configs:
        volumes.append({"name": "pipeline", "configMap": {"name": configs["pipeline"]}})
        mounts.append({"name": "pipeline", "mountPath": containers.FOLDER, "readOnly": True})
    # Service links would set REDIS_PORT=tcp://… for a service named redis, which images take for their own setting.
    no: Manifest = {"automountServiceAccountToken": False, "enableServiceLinks": False}
    return no | filled(
        {
            "securityContext": _pod_security(process, found, noted),
            "nodeSelector": dict(sorted(wishes.node_selector.items())),
            "affinity": affinity(found, wishes),
            "containers": [_container(process, mounts, wishes, configs, noted)],
            "volumes": volumes,
        }
    )


def _container(
    process: Process, mounts: list[Manifest], wishes: Wishes, configs: Mapping[str, str], noted: Noted
) -> Manifest:
    given = process.options
    module = ["python", "-m", process.module] if process.module else []
    environment = configs.get("environment")
    return filled(
        {
            "name": process.address.host,
            "image": process.image,
            "imagePullPolicy": "IfNotPresent",
            "command": settings.words(given.entrypoint),
            "args": module or settings.words(given.command),
            "ports": [{"name": name, "containerPort": port} for name, port in ports(process).items()],
            "envFrom": [{"configMapRef": {"name": environment}}] if environment else [],
            "env": settings.referring(process, wishes.secret),
            "resources": _resources(process, noted),
            **_probes(process),
            "securityContext": _security(process),
            "volumeMounts": mounts,
        }
    )


def ports(process: Process) -> dict[str, int]:
    """Names and numbers of the ports that it listens on."""
    others = sorted({*process.options.ports} - {process.address.port})
    return {"main": process.address.port} | {f"port-{number}": number for number in others}


def _probes(process: Process) -> Manifest:
    health = process.health
    port = health.port or process.address.port
    connects: Manifest = {"tcpSocket": {"port": port}}
    asks: Manifest = {"httpGet": {"path": health.path, "port": port}} if health.path else connects
    if health.command:
        asks = {"exec": {"command": list(health.command)}}
    if process.name == GATEWAY:
        # it is ready when its services are, which no restart of it brings nearer
        return {
            "readinessProbe": asks | {"periodSeconds": _PERIOD, "timeoutSeconds": 10},
            "livenessProbe": connects | {"periodSeconds": 20},
        }
    attempts = max(1, math.ceil(health.timeout / _PERIOD))
    return {
        "startupProbe": asks | {"periodSeconds": _PERIOD, "timeoutSeconds": 5, "failureThreshold": attempts},
        "readinessProbe": asks | {"periodSeconds": 10, "timeoutSeconds": 10},
        "livenessProbe": asks | {"periodSeconds": 20, "timeoutSeconds": 10, "failureThreshold": 6},
    }


def _resources(process: Process, noted: Noted) -> Manifest:
    asked = containers.resources(process)
    amounts: dict[str, str] = {}
    if asked.cpu:
        thousandths = max(1, int(asked.cpu * 1000))
        amounts["cpu"] = str(thousandths // 1000) if thousandths % 1000 == 0 else f"{thousandths}m"
    if asked.memory:
        amounts["memory"] = quantity(asked.memory)
    if process.accelerator in containers.DEVICES:
        amounts[containers.DEVICES[process.accelerator]] = str(asked.devices or 1)
    elif asked.devices:
        noted("resources", f"it runs as a form for {process.accelerator}, which has no devices to count")
    for key, value in sorted((asked.other or {}).items()):
        if "/" in key or key == "ephemeral-storage":
            amounts[key] = str(value)
        else:
            noted(f"resources.{key}", f"Kubernetes has no resource of that name (it was {value})")
    amounts = dict(sorted(amounts.items()))
    return {"requests": amounts, "limits": dict(amounts)} if amounts else {}


def _shared_memory(process: Process, noted: Noted) -> int:
    """Bytes of shared memory; the node's own is for no pod, and counts as the pod's memory here."""
    text = process.options.shm or (_SHM_OF_HOST if process.options.ipc == "host" else "")
    if process.options.ipc:
        noted("ipc", f"pods do not share the node's IPC; it has {text or 'the default'} of shared memory of its own")
    size = containers.amount(text, f"{process.name}: shm") if text else 0
    if size > _SHM_LIMIT:
        noted("shm", f"{text} of shared memory would come out of the node's memory: it is {quantity(_SHM_LIMIT)}")
    return min(size, _SHM_LIMIT)


def _pod_security(process: Process, found: tuple[Claim, ...], noted: Noted) -> Manifest:
    if process.module:
        ours: Manifest = {"runAsNonRoot": True, "runAsUser": USER, "runAsGroup": USER, "fsGroup": USER}
        return ours | {"seccompProfile": {"type": "RuntimeDefault"}}
    given = process.options
    context: Manifest = {"fsGroup": _GROUP} if found else {}
    numbers = [int(group) for group in given.groups if group.isdigit()]
    context |= filled({"supplementalGroups": numbers})
    for option in given.security:
        key, _, value = option.replace("=", ":").partition(":")
        if value == "unconfined" and key in ("seccomp", "apparmor"):
            context["seccompProfile" if key == "seccomp" else "appArmorProfile"] = {"type": "Unconfined"}
        else:
            noted(f"security {option}", "a pod has no field for it")
    names = [group for group in given.groups if not group.isdigit()]
    plugin = process.accelerator in containers.DEVICES  # its device plugin sees to all of this
    for key, values in (("groups", names), ("devices", given.devices), ("runtime", [given.runtime])):
        if not plugin and any(values):
            noted(key, f"a pod has no field for {', '.join(map(str, values))}")
    if given.ulimits:
        noted("ulimits", "a pod has the limits of its node's container runtime")
    return context


def _security(process: Process) -> Manifest:
    if process.module:
        return {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    added = [name.removeprefix("CAP_") for name in process.options.capabilities]
    return filled({"privileged": process.options.privileged, "capabilities": filled({"add": added})})
