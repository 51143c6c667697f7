"""Volumes of a deployment: which claims there are, and which pods must stand on one node for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from opea_nb.formats.containers import amount
from opea_nb.formats.kubernetes.wishes import READ_WRITE_MANY, Manifest, Wishes, filled
from opea_nb.pipeline.hosts import host_name
from opea_nb.plan import Plan, Process

CACHE = "models"
"""The volume that only saves downloads: each pod may have its own, and so stand on any node."""

_SIZES = {CACHE: "50Gi", "": "10Gi"}


@dataclass(frozen=True, slots=True)
class Claim:
    """A volume of a process: the claim's name, where it is mounted, and the label of the pods that share it."""

    name: str
    path: str
    volume: str
    label: str = ""


def claims(made: Plan, wishes: Wishes) -> dict[str, tuple[Claim, ...]]:
    """Process name -> its claims."""
    users: dict[str, int] = {}
    for process in made.processes:
        for volume in process.volumes:
            users[volume.name] = users.get(volume.name, 0) + process.replicas
    found = {}
    for process in made.processes:
        found[process.name] = tuple(
            _claim(process, volume.name, volume.path, users[volume.name], wishes) for volume in process.volumes
        )
    return found


def _claim(process: Process, volume: str, path: str, users: int, wishes: Wishes) -> Claim:
    everywhere = wishes.access_mode == READ_WRITE_MANY
    own = volume == CACHE and not everywhere
    name = host_name(f"{volume}-{process.address.host}" if own else volume)
    together = not everywhere and (process.replicas if own else users) > 1
    return Claim(name, path, volume, f"opea-nb/volume-{name}"[:63].rstrip("-") if together else "")


def manifests(made: Plan, wishes: Wishes) -> list[Manifest]:
    """The PersistentVolumeClaims, by name."""
    wanted = {claim.name: claim for found in claims(made, wishes).values() for claim in found}
    return [_manifest(claim, wishes) for _, claim in sorted(wanted.items())]


def _manifest(claim: Claim, wishes: Wishes) -> Manifest:
    sizes: Mapping[str, str] = _SIZES | dict(wishes.storage)
    size = wishes.storage.get(claim.volume) or wishes.storage.get("") or sizes.get(claim.volume) or sizes[""]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": wishes.metadata(claim.name, wishes.labels()),
        "spec": filled(
            {
                "accessModes": [wishes.access_mode],
                "resources": {"requests": {"storage": quantity(amount(size, f"storage of {claim.volume}"))}},
                "storageClassName": wishes.storage_class,
            }
        ),
    }


def affinity(found: tuple[Claim, ...], wishes: Wishes) -> Manifest:
    """What keeps the pods that share a claim on one node, which is what such a claim can be mounted on."""
    terms = [
        {
            "labelSelector": {"matchLabels": {"app.kubernetes.io/instance": wishes.instance, claim.label: "shared"}},
            "topologyKey": "kubernetes.io/hostname",
        }
        for claim in found
        if claim.label
    ]
    return {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}} if terms else {}


def quantity(count: int) -> str:
    """Bytes as Kubernetes writes them, in the largest unit that needs no fraction."""
    for unit, size in (("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)):
        if count % size == 0:
            return f"{count // size}{unit}"
    return str(count)
