"""Whether a value fits a component's parameter."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from typing import Any

from opea_nb.catalog.model import Component, Parameter
from opea_nb.errors import CatalogError


def check_parameters(component: Component, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values, each checked against the component's parameter of that name.

    A component without parameters of its own (a generic service) takes any.

    Raises
    ------
    CatalogError
        When a name is unknown, or a value has the wrong type or lies outside its range or choices.
    """
    if not component.parameters:
        return dict(values)
    checked: dict[str, Any] = {}
    for name, value in values.items():
        parameter = component.parameter(name)
        if parameter is None:
            known = [p.name for p in component.parameters]
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"parameters of {component.kind}: {', '.join(known)}"
            raise CatalogError(f"{component.kind} has no parameter {name!r}", hint=hint)
        checked[name] = check_value(parameter, value)
    return checked


def check_value(parameter: Parameter, value: Any) -> Any:
    """The value, as the parameter's type (an integer stands for a number too).

    Raises
    ------
    CatalogError
        When it is of another type, or outside range or choices.

    >>> check_value(Parameter("top_n", "integer", minimum=1), 3)
    3
    >>> check_value(Parameter("top_n", "integer", minimum=1), 0)
    Traceback (most recent call last):
    opea_nb.errors.CatalogError: top_n is 0, below its minimum of 1
    """
    match parameter.type:
        case "boolean":
            good = isinstance(value, bool)
        case "integer":
            good = isinstance(value, int) and not isinstance(value, bool)
        case "number":
            good = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        case _:
            good = isinstance(value, str)
    if not good:
        wanted = "text" if parameter.type in ("string", "text", "choice") else f"of type {parameter.type}"
        raise CatalogError(f"{parameter.name} is {value!r}, which is not {wanted}", hint=parameter.help)
    if parameter.type == "choice" and value not in parameter.choices:
        raise CatalogError(f"{parameter.name} is {value!r}", hint=f"choose one of {', '.join(parameter.choices)}")
    if parameter.type in ("integer", "number"):
        if parameter.minimum is not None and value < parameter.minimum:
            raise CatalogError(f"{parameter.name} is {value}, below its minimum of {parameter.minimum:g}")
        if parameter.maximum is not None and value > parameter.maximum:
            raise CatalogError(f"{parameter.name} is {value}, above its maximum of {parameter.maximum:g}")
    return value
