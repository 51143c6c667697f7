"""A pipeline as Kubernetes manifests: a plan's processes in Kubernetes' notation, and nothing decided anew."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from opea_nb.errors import PlanError
from opea_nb.formats import containers
from opea_nb.formats.conversion import Exported, Note
from opea_nb.formats.kubernetes import settings, volumes
from opea_nb.formats.kubernetes.pod import pod, ports
from opea_nb.formats.kubernetes.wishes import READ_WRITE_MANY, Manifest, Noted, Wishes
from opea_nb.formats.yaml_dump import dump
from opea_nb.pipeline import Pipeline
from opea_nb.pipeline.hosts import host_name
from opea_nb.plan import GATEWAY, IMAGE, Plan, Process, Target, plan

SECRETS_EXAMPLE = "secrets.env.example"
_MAX_CONFIG = 1 << 20


def write(
    pipeline: Pipeline,
    *,
    accelerator: str = "cpu",
    embedded: bool = False,
    namespace: str = "",
    folder: bool = False,
    image: str = IMAGE,
    storage: str = "",
    storage_class: str = "",
    access_mode: str = "ReadWriteOnce",
    node_selector: Mapping[str, str] | None = None,
) -> Exported:
    """Write manifests for ``kubectl apply --server-side``, and an example of the variables that a human must fill in.

    For each process there are a Deployment, a Service and a ConfigMap; for each volume a claim. Values of secrets are
    in none of them: they refer to a Secret named ``<pipeline>-secrets``.

    Parameters
    ----------
    accelerator
        ``cpu``, ``gaudi``, ``rocm`` or ``nvidia``: preferred where a component has a form for it.
    embedded
        Whether to run the small services of this package instead of upstream's images.
    namespace
        Namespace to make and to put everything in; empty for kubectl's current one. Services are called by their own
        names, so each pipeline needs a namespace of its own.
    folder
        Whether to write a folder with a ``kustomization.yaml`` instead of one file.
    image
        The image that holds this package; see `opea_nb.formats.image.build`.
    storage
        Size of every claim, as ``20Gi``; by default 50Gi for models and 10Gi for all others.
    storage_class
        Empty for the cluster's default one.
    access_mode
        ``ReadWriteOnce`` (pods that share a volume are kept on one node) or ``ReadWriteMany``.
    node_selector
        Labels that nodes must have; none by default.

    Raises
    ------
    PlanError
        When a service cannot run in a pod, naming it, or when an option is out of range.
    """
    for what, value in (("namespace", namespace), ("storage class", storage_class)):
        if value and not re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", value):
            raise PlanError(f"{value!r} is no name of a {what}", hint="use small letters, digits and -")
    if access_mode not in ("ReadWriteOnce", READ_WRITE_MANY):
        raise PlanError(f"access mode is {access_mode!r}", hint=f"use ReadWriteOnce or {READ_WRITE_MANY}")
    target = Target.containers("kubernetes", accelerator=accelerator, embedded=embedded, image=image)
    made = plan(pipeline, target)
    instance = host_name(made.name)
    wishes = Wishes(
        instance=instance,
        namespace=namespace,
        secret=f"{instance}-secrets",
        storage={"": storage} if storage else {},
        storage_class=storage_class,
        access_mode=access_mode,
        node_selector=node_selector or {},
    )
    notes = containers.not_started(pipeline)
    parts = _parts(made, wishes, notes)
    files = _folder(parts, wishes) if folder else {"kubernetes.yaml": _text([m for p in parts.values() for m in p])}
    first = next(iter(files))
    files[first] = _head(made, wishes, first) + files[first]
    create = _create(wishes)
    if example := containers.env_example(made, f"# Copy this file to secrets.env, fill it in, and run\n#   {create}"):
        files[SECRETS_EXAMPLE] = example
        names = ", ".join(item.name for item in containers.wanted(made))
        notes.append(Note("lost", f"Secret {wishes.secret}", f"values are in no manifest: fill in {names}; {create}"))
    if image == IMAGE:
        reason = "is on no registry: build it by `opea-nb image`, push it to the cluster's, and name it"
        notes.append(Note("inferred", f"image {IMAGE}", f"{reason} with the option image"))
    return Exported(files, tuple(notes))


def _create(wishes: Wishes) -> str:
    where = f" -n {wishes.namespace}" if wishes.namespace else ""
    return f"kubectl create secret generic {wishes.secret}{where} --from-env-file=secrets.env"


def _head(made: Plan, wishes: Wishes, first: str) -> str:
    where = f" -n {wishes.namespace}" if wishes.namespace else ""
    what = f"-f {first}" if first == "kubernetes.yaml" else "-k ."
    fill = f"#   {_create(wishes)}     see {SECRETS_EXAMPLE}\n" if containers.wanted(made) else ""
    port = made.process(GATEWAY).address.port
    return (
        f"# {made.name}, written by opea-nb: change the pipeline and write it again.\n"
        f"#   kubectl apply --server-side {what}\n{fill}"
        f"#   kubectl port-forward{where} service/{GATEWAY} {port}\n"
    )


def _parts(made: Plan, wishes: Wishes, notes: list[Note]) -> dict[str, list[Manifest]]:
    """File name -> the manifests in it, in an order in which they may be applied."""
    parts: dict[str, list[Manifest]] = {}
    if wishes.namespace:
        metadata = {"name": wishes.namespace, "labels": wishes.labels()}
        parts["namespace.yaml"] = [{"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}]
    if claimed := volumes.manifests(made, wishes):
        parts["volumes.yaml"] = claimed
    claims = volumes.claims(made, wishes)
    for process in made.processes:

        def noted(key: str, reason: str, name: str = process.name) -> None:
            notes.append(Note("lost", f"{name}: {key}", reason))

        name = f"{process.address.host}.yaml"
        document = made.document if process.name == GATEWAY else ""
        # a service may be called volumes or namespace
        parts[name if name not in parts else f"service-{name}"] = _process(
            process, claims[process.name], document, wishes, noted
        )
    return parts


def _process(
    process: Process, found: tuple[volumes.Claim, ...], document: str, wishes: Wishes, noted: Noted
) -> list[Manifest]:
    host = process.address.host
    labels = wishes.labels(host, host_name(process.kind))
    configs: dict[str, dict[str, str]] = {}
    if environment := settings.plain(process):
        configs["environment"] = environment
    if document:
        configs["pipeline"] = {"pipeline.yaml": document}
    names = {what: f"{host}-{what}" for what in configs}
    manifests: list[Manifest] = []
    for what, data in configs.items():
        if sum(map(len, data.values())) >= _MAX_CONFIG:
            raise PlanError(f"{process.name}: its {what} is over 1 MiB, which no ConfigMap holds", hint="shorten it")
        metadata = wishes.metadata(names[what], labels)
        manifests.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
    selector = wishes.selector(host)
    service = {
        "selector": selector,
        "ports": [{"name": name, "port": port, "targetPort": name} for name, port in ports(process).items()],
    }
    manifests.append(
        {"apiVersion": "v1", "kind": "Service", "metadata": wishes.metadata(host, labels), "spec": service}
    )
    shared = {claim.label: "shared" for claim in found if claim.label}
    # a change of what it reads at its start is a change of the pod
    annotations = {"opea-nb/config": hashlib.sha256(repr(configs).encode()).hexdigest()[:16]}
    template: Manifest = {
        "metadata": {"labels": labels | shared, "annotations": annotations},
        "spec": pod(process, found, wishes, names, noted),
    }
    deployment: Manifest = {"replicas": process.replicas, "selector": {"matchLabels": selector}, "template": template}
    if found and wishes.access_mode != READ_WRITE_MANY:  # two pods at once may stand on two nodes
        deployment["strategy"] = {"type": "Recreate"}
    manifests.append(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": wishes.metadata(host, labels), "spec": deployment}
    )
    return manifests


def _text(manifests: list[Manifest]) -> str:
    return "---\n".join(dump(manifest) for manifest in manifests)


def _folder(parts: Mapping[str, list[Manifest]], wishes: Wishes) -> dict[str, str]:
    kustomization: Manifest = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    if wishes.namespace:
        kustomization["namespace"] = wishes.namespace
    kustomization["resources"] = list(parts)
    return {"kustomization.yaml": dump(kustomization)} | {name: _text(found) for name, found in parts.items()}
