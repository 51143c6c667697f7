"""What is wrong with a GMConnector that was read, and where it stands in the file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from opea_nb.formats.conversion import Fault
from opea_nb.formats.gmc.records import Connector, Record
from opea_nb.formats.gmc.webhook import complaints
from opea_nb.formats.yaml_text import Document, Path

_WHO = {
    "schema": "the CRD refuses it",
    "webhook": "GMC's webhook refuses it",
    "controller": "GMC's controller gives up on it",
    "router": "GMC's router cannot work with it",
}
_HINT = "opea-nb convert … --to gmc writes what GMC can work with"


def faults(connector: Connector, document: Document, base: Path) -> Iterator[Fault]:
    """What the CRD, the webhook, the controller and the router mind, each with its place."""
    for found in complaints(_resource(connector)):
        line, column = document.position((*base, *found.path))
        message = f"{found.where}: {found.reason}: {_WHO[found.by]}"
        yield Fault("warning" if found.by == "router" else "error", f"gmc-{found.by}", message, line, column, _HINT)


def _resource(connector: Connector) -> dict[str, Any]:
    nodes = {
        node.name: {"routerType": node.router, "steps": [_step(record) for record in node.steps]}
        for node in connector.nodes.values()
    }
    spec = {"routerConfig": dict(connector.router), "nodes": nodes}
    return {"metadata": {"namespace": connector.namespace}, "spec": spec}


def _step(record: Record) -> dict[str, Any]:
    internal: dict[str, Any] = {
        "serviceName": record.service,
        "nameSpace": record.namespace,
        "config": dict(record.config),
        "isDownstreamService": record.downstream,
    }
    internal = {key: value for key, value in internal.items() if value}
    fields = {
        "name": record.given,
        "nodeName": record.target,
        "externalService": record.external,
        "internalService": internal,
        "data": record.data,
        "condition": record.condition,
        "dependency": record.dependency,
    }
    return {key: value for key, value in fields.items() if value or key == "name"}
