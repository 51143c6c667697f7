"""A process's variables as Kubernetes has them: a ConfigMap, references to a Secret, and values that hold both."""

from __future__ import annotations

import re
from collections.abc import Iterable

from opea_nb.errors import PlanError
from opea_nb.formats import containers
from opea_nb.formats.kubernetes.wishes import Manifest
from opea_nb.plan import Process


def plain(process: Process) -> dict[str, str]:
    """The variables that hold nothing of the deployer's own, for a ConfigMap.

    Raises
    ------
    PlanError
        When Kubernetes cannot carry a variable's name.
    """
    values = containers.environment(process)
    for name in values:
        if not re.fullmatch(r"[A-Za-z_.-][A-Za-z0-9_.-]*", name):
            raise PlanError(
                f"{process.name}: {name!r} is no name for a variable in Kubernetes",
                hint="use letters, digits, _, - and ., no digit first",
            )
    return {name: value for name, value in values.items() if not containers.references([value])}


def referring(process: Process, secret: str) -> list[Manifest]:
    """The variables that come from the Secret, then those whose values speak of them."""
    values = containers.environment(process)
    own = [_from_secret(name, secret) for name in containers.spoken_of(process)]
    own += [_from_secret(name, secret, optional=True) for name in process.optional]
    if process.module:
        own.append(_from_secret(containers.TOKEN, secret, optional=True))
    composed: list[Manifest] = [
        {"name": name, "value": expanding(value)}
        for name, value in values.items()
        if containers.references([value]) and value != f"${{{name}}}"
    ]
    return sorted(own, key=lambda entry: str(entry["name"])) + composed


def words(given: Iterable[str]) -> list[str]:
    """Words of a command; Kubernetes fills in the variables that they speak of."""
    return [expanding(word) for word in given]


def expanding(text: str) -> str:
    """In the notation of fields where Kubernetes fills in ``$(NAME)``; any other ``$`` stands for itself."""
    return containers.substituted(text, lambda literal: literal.replace("$", "$$"), "$({})".format)


def _from_secret(name: str, secret: str, *, optional: bool = False) -> Manifest:
    reference: Manifest = {"name": secret, "key": name}
    if optional:
        reference["optional"] = True
    return {"name": name, "valueFrom": {"secretKeyRef": reference}}
