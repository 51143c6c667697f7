"""What becomes a new service or engine: its fields checked, its name and port free, its flow there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from opea_nb.catalog import Catalog, Component
from opea_nb.catalog.values import check_parameters
from opea_nb.errors import CatalogError
from opea_nb.pipeline.edits import Add, Batch
from opea_nb.pipeline.matching import article
from opea_nb.pipeline.naming import free_name, free_port
from opea_nb.pipeline.spec import MAIN, Engine, Flow, Node, Service, check_fields
from opea_nb.pipeline.wiring import PutFlow

if TYPE_CHECKING:
    import networkx as nx

    Graph = nx.DiGraph[str]


def adding(
    graph: Graph, catalog: Catalog, kind: str, name: str = "", flow: str = "", **fields: Any
) -> tuple[Batch, Node]:
    """The edit that adds a service or engine of a kind, and what it adds.

    Parameters are those of `Pipeline.add`.

    Raises
    ------
    CatalogError, PipelineError
        For an unknown kind, a bad parameter or an unknown field.
    """
    component = catalog.component(kind)
    cls: type[Service | Engine] = Service if component.role == "service" else Engine
    told = bool(fields.get("port"))
    fields = checked(component, fields)
    if cls is Service and not fields.get("url") and not told:
        fields |= free_port(graph, catalog, component)
    check_fields(f"{article(kind)} {kind}", cls, fields)
    node = cls(name=name or free_name(graph, kind), kind=kind, **fields)
    flow = flow or component.flow or MAIN
    first = [PutFlow(Flow(flow))] if cls is Service and flow not in graph.graph["flows"] else []
    return Batch((*first, Add(node, (flow,))), f"add {node.name}"), node


def checked(component: Component, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields, each as its component allows it.

    Raises
    ------
    CatalogError
        For a parameter or a form that the component does not have, or a value that it does not allow.
    """
    fields = dict(fields)
    for key in ("environment", "resources", "extra"):
        if isinstance(fields.get(key), Mapping):
            fields[key] = dict(fields[key])  # a later change of the caller's own mapping is no edit
    for key, nothing in (("endpoint", ""), ("port", 0)):
        if key in fields and fields[key] == getattr(component, key, nothing):
            fields[key] = nothing  # what the catalogue says anyway is not said twice: equality is by content
    if isinstance(fields.get("parameters"), Mapping):
        fields["parameters"] = check_parameters(component, fields["parameters"])
    if fields.get("form") and fields["form"] not in component.forms:
        known = ", ".join(component.forms) or "none"
        raise CatalogError(f"{component.kind} has no form {fields['form']!r}", hint=f"forms: {known}")
    return fields
