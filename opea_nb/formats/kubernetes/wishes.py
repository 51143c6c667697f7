"""What a writer of manifests is asked for, and what it tells about what it could not do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Noted = Callable[[str, str], None]
"""Called with a key of the service at hand and why it is not in the manifest as it was."""

Manifest = dict[str, object]

READ_WRITE_MANY = "ReadWriteMany"


@dataclass(frozen=True, slots=True)
class Wishes:
    """Choices that a plan leaves to the cluster.

    Parameters
    ----------
    instance
        Label of the deployment.
    namespace
        Where the objects go; empty for kubectl's current one.
    secret
        Name of the Secret that holds the deployer's variables.
    storage
        Volume name -> size of its claim; the key ``""`` for all others.
    storage_class
        Empty for the cluster's default one.
    access_mode
        ``ReadWriteOnce`` or ``ReadWriteMany``.
    node_selector
        Labels that nodes must have; empty for any node.
    """

    instance: str
    namespace: str = ""
    secret: str = ""
    storage: Mapping[str, str] = field(default_factory=dict)
    storage_class: str = ""
    access_mode: str = "ReadWriteOnce"
    node_selector: Mapping[str, str] = field(default_factory=dict)

    def metadata(self, name: str, labels: Mapping[str, str]) -> Manifest:
        """An object's metadata."""
        return filled({"name": name, "namespace": self.namespace, "labels": dict(labels)})

    def labels(self, host: str = "", kind: str = "") -> dict[str, str]:
        """The recommended labels of an object; without `host` those of what belongs to the whole deployment."""
        own = {"app.kubernetes.io/name": host, "app.kubernetes.io/component": kind}
        whole = {"app.kubernetes.io/instance": self.instance, "app.kubernetes.io/part-of": self.instance}
        return {k: v for k, v in (own | whole).items() if v} | {"app.kubernetes.io/managed-by": "opea-nb"}

    def selector(self, host: str) -> dict[str, str]:
        """The labels that find a process's pods."""
        return {"app.kubernetes.io/name": host, "app.kubernetes.io/instance": self.instance}


def filled(data: Mapping[str, object]) -> Manifest:
    """Without what is empty, which a server-side apply would own."""
    return {k: v for k, v in data.items() if v not in (None, "", [], {}, False)}
