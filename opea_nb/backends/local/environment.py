"""The environment that services get: little of the maker's, and no more secrets than were named."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from opea_nb.backends.local.orders import Order, Orders
from opea_nb.errors import DeployError
from opea_nb.home import home

__all__ = ["child_environment", "supervisor_environment"]

# What an interpreter and its libraries need to start as the maker's did. No proxies: calls stay on loopback.
_PASSED = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "TZ",
    "PYTHONPATH",
    "PYTHONHOME",
    "LD_LIBRARY_PATH",
    "MODEL_PATH",
)

# How this machine reaches others by HTTPS. A proxy's address may hold a password, so only the gateway is told, and only
# where a service of its pipeline runs elsewhere.
_OUTSIDE = ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR")


def supervisor_environment(orders: Orders, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The supervisor's environment: the base, and the secrets that the processes name.

    Raises
    ------
    DeployError
        When a named secret is not in the maker's environment.
    """
    source = os.environ if environ is None else environ
    for process in orders.processes:
        missing = [name for name in process.secrets if name not in source]
        if missing:
            raise DeployError(
                f"{process.name} needs the environment variable {missing[0]}, which is not set",
                service=process.name,
                hint=f"set {missing[0]} before deploying; only its name is in the pipeline",
            )
    named = {n: source[n] for p in orders.processes for n in p.secrets}
    return _base(source) | named | _named((n for p in orders.processes for n in _outside(p)), source)


def child_environment(
    process: Order, *, fd: int, token: str, document: Path, environ: Mapping[str, str] | None = None
) -> dict[str, str]:
    """One process's environment: the base, the plan's variables, its own secrets, and how it is to serve."""
    source = os.environ if environ is None else environ
    serving = {
        "OPEA_NB_FD": str(fd),
        "OPEA_NB_HOST": process.host,
        "OPEA_NB_PORT": str(process.port),
        "OPEA_NB_TOKEN": token,
        "OPEA_NB_LIFELINE": "1",
    }
    if process.role == "gateway":
        serving["OPEA_NB_PIPELINE"] = str(document)
    own = _named(_outside(process), source) | dict(process.environment) | _named(process.secrets, source)
    return _base(source) | own | serving


def _outside(process: Order) -> tuple[str, ...]:
    routes = process.environment.get("OPEA_NB_ROUTES", "") if process.role == "gateway" else ""
    return _OUTSIDE if '"https://' in routes else ()


def _base(source: Mapping[str, str]) -> dict[str, str]:
    # PYTHONSAFEPATH: the working folder's files must not stand in for modules
    fixed = {"OPEA_NB_HOME": str(home()), "PYTHONUNBUFFERED": "1", "PYTHONSAFEPATH": "1"}
    return _named(_PASSED, source) | fixed


def _named(names: Iterable[str], source: Mapping[str, str]) -> dict[str, str]:
    return {n: source[n] for n in names if n in source}
