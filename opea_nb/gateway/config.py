"""What a gateway is given: the pipeline, the addresses of its services, and settings, read from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from opea_nb.catalog import Catalog, load_catalog
from opea_nb.errors import PlanError
from opea_nb.formats import unified
from opea_nb.gateway.record import Recording, mode_of, usable
from opea_nb.gateway.transport import Timeouts
from opea_nb.pipeline import Pipeline

__all__ = ["Config", "from_environment"]

MiB = 1 << 20


@dataclass(frozen=True, slots=True)
class Config:
    """A gateway's settings.

    Parameters
    ----------
    pipeline
        What to run.
    routes
        Service name -> URL of its endpoint; a service with a `url` of its own may be missing.
    token
        Token of the deployment, sent to its services; empty for none.
    keys
        Name of an environment variable -> its value, for each `api_key` of a service.
    document
        The pipeline as unified YAML, as it was given.
    recording
        What is kept of each run.
    body_limit
        Largest request in bytes; default 16 MiB.
    timeouts
        Bounds of each call of a service.
    """

    pipeline: Pipeline
    routes: Mapping[str, str]
    token: str = field(default="", repr=False)
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    document: str = ""
    recording: Recording = field(default_factory=Recording)
    body_limit: int = 16 * MiB
    timeouts: Timeouts = field(default_factory=Timeouts)


def from_environment(environ: Mapping[str, str] | None = None) -> Config:
    """Read ``OPEA_NB_PIPELINE``, ``_COMPONENTS``, ``_ROUTES``, ``_RECORD``, ``_TOKEN`` and ``_TIMEOUT_CONNECT``,
    ``_FIRST_BYTE``, ``_READ``, ``_TOTAL`` (seconds); and the variables that services name as their `api_key`.

    ``OPEA_NB_RECORD`` is ``bodies`` (default), ``none`` (events without bodies and texts) or ``off`` (no runs).

    Raises
    ------
    PlanError
        When one is missing or cannot be read.
    FormatError
        When the pipeline cannot be read.
    """
    env = os.environ if environ is None else environ
    path = env.get("OPEA_NB_PIPELINE", "")
    try:
        document = Path(path).read_text("utf-8")
    except OSError as e:
        raise PlanError(
            f"OPEA_NB_PIPELINE={path!r} cannot be read: {e.strerror}", hint="give the path of a unified YAML file"
        ) from e
    pipeline = unified.loads(document, source=path, catalog=catalog_of(env.get("OPEA_NB_COMPONENTS", "")))
    token = env.get("OPEA_NB_TOKEN", "")
    names = {s.api_key for s in pipeline.services.values() if s.api_key}
    missing = sorted(name for name in names if not env.get(name))
    if missing:
        raise PlanError(f"{missing[0]} is not set, but a service's api_key names it", hint=f"export {missing[0]}=…")
    keys = {name: env[name].strip() for name in names}
    return Config(
        pipeline=pipeline,
        routes=_routes(env.get("OPEA_NB_ROUTES", "") or "{}"),
        token=token,
        keys=keys,
        document=document,
        recording=Recording(mode_of(env.get("OPEA_NB_RECORD", "")), secrets=usable([token, *keys.values()])),
        timeouts=_timeouts(env),
    )


def catalog_of(text: str) -> Catalog:
    """The catalogue with the components that a plan hands on to the gateway (``OPEA_NB_COMPONENTS``).

    Raises
    ------
    PlanError, CatalogError
        When the text is no JSON, or no catalogue.
    """
    try:
        return load_catalog(orjson.loads(text)) if text else load_catalog()
    except orjson.JSONDecodeError as e:
        raise PlanError(f"OPEA_NB_COMPONENTS is no JSON: {e}", hint="give it as a plan has it") from e


def _routes(text: str) -> Mapping[str, str]:
    try:
        routes = orjson.loads(text)
    except orjson.JSONDecodeError as e:
        raise PlanError(f"OPEA_NB_ROUTES is no JSON: {e}", hint='write {"service": "http://host:port/path"}') from e
    if not isinstance(routes, dict) or not all(isinstance(url, str) for url in routes.values()):
        raise PlanError("OPEA_NB_ROUTES is no object of URLs", hint='write {"service": "http://host:port/path"}')
    return routes


def _timeouts(env: Mapping[str, str]) -> Timeouts:
    default = Timeouts()
    values = {}
    for name in ("connect", "first_byte", "read", "total"):
        variable = f"OPEA_NB_TIMEOUT_{name.upper()}"
        text = env.get(variable, "")
        try:
            values[name] = float(text) if text else getattr(default, name)
        except ValueError as e:
            raise PlanError(f"{variable}={text!r} is no number", hint="give seconds") from e
        if not 0 < values[name] < 1e7:
            raise PlanError(f"{variable}={text!r} is out of range", hint="give seconds over 0")
    return Timeouts(**values)
