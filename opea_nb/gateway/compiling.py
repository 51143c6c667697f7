"""From a pipeline and its routes to programs: the only place of the gateway that knows what a pipeline is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import networkx as nx

from opea_nb.errors import PipelineError, PlanError
from opea_nb.gateway.adapters import PORTS, Port
from opea_nb.gateway.config import Config
from opea_nb.gateway.program import StepSpec
from opea_nb.gateway.transport import Target, target
from opea_nb.gateway.variants import Variants, variants
from opea_nb.pipeline import when

__all__ = ["bearer_of", "programs", "url_of"]


def programs(config: Config) -> dict[str, Variants]:
    """Every flow that has an endpoint, by flow name. A service's routes (dataprep's) are passed through instead.

    Raises
    ------
    PlanError
        When a flow cannot run: a service has no address, lacks what its request is made of, or has a ``when`` that is
        none.
    """
    pipeline = config.pipeline
    made = {}
    for flow in pipeline.flows.values():
        graph = pipeline.flow(flow.name)
        if not graph or all(pipeline.component(name).routes for name in graph):
            continue
        position = {name: i for i, name in enumerate(pipeline.services)}
        order = nx.lexicographical_topological_sort(graph, key=position.__getitem__)
        specs = [_spec(config, name, sorted(graph.predecessors(name), key=position.__getitem__)) for name in order]
        made[flow.name] = variants(pipeline.name, flow.name, pipeline.mega.path_of(flow), specs)
    return made


def _spec(config: Config, name: str, after: list[str]) -> StepSpec:
    component = config.pipeline.component(name)
    service = config.pipeline.services[name]
    reply = config.pipeline.catalog.port_type(component.output)
    defaults = {p.name: p.default for p in component.parameters if p.sent}
    kept = {p.name for p in component.parameters if not p.sent}
    return StepSpec(
        name=name,
        target=service_target(config, name, like=PORTS.get(component.input, Port())),
        input=component.input,
        output=component.output,
        after=tuple(after),
        parameters={**defaults, **{k: v for k, v in service.parameters.items() if k not in kept}},
        declared=frozenset(defaults),
        needs=config.pipeline.catalog.port_type(component.input).needs,
        gives=reply.gives,
        when=_when(name, service.extra),
    )


def _when(name: str, extra: Mapping[str, Any]) -> when.When:
    if when.WHEN not in extra:
        return {}
    try:
        return when.parse(extra[when.WHEN])
    except PipelineError as e:
        raise PlanError(f"{name}: {e.message}", hint=e.hint) from e


def service_target(
    config: Config, name: str, *, path: str = "", method: str = "POST", like: Port | None = None
) -> Target:
    """A service as it is called, with its credentials; another `path` of the same server when one is given.

    Parameters
    ----------
    like
        How its port type is sent; as JSON when ``None``.
    """
    url = url_of(config, name)
    if path:
        scheme, _, rest = url.partition("://")
        url = f"{scheme}://{rest.partition('/')[0]}{path}"
    like = like or Port()
    content = "application/x-www-form-urlencoded" if like.form else "application/json"
    bearer = bearer_of(config, name)
    return target(url, timeouts=config.timeouts, bearer=bearer, method=method, content=content, query=like.address)


def url_of(config: Config, name: str) -> str:
    """Where a service is.

    Raises
    ------
    PlanError
        When that is not known.
    """
    url = config.routes.get(name) or config.pipeline.services[name].url
    if not url:
        raise PlanError(f"there is no route to {name}", hint=f'put "{name}": "http://host:port/path" in OPEA_NB_ROUTES')
    return url


def bearer_of(config: Config, name: str) -> str:
    """What a service is shown: its own key, or the deployment's token when it is part of the deployment."""
    service = config.pipeline.services[name]
    if service.api_key:
        return config.keys.get(service.api_key, "")
    return "" if service.url else config.token
