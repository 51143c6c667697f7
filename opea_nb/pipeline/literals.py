"""Values and calls as Python text."""

from __future__ import annotations

import dataclasses
import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from opea_nb.errors import PipelineError

_WIDTH = 88


@dataclass(slots=True)
class Literals:
    """Writes values, and remembers what has to be imported for them.

    >>> writer = Literals()
    >>> writer.call("pipeline.add", "llm", port=9001, position=(10.0, 2.5))
    'pipeline.add("llm", port=9001, position=(10, 2.5))'
    """

    imports: dict[str, None] = field(default_factory=dict)

    def call(self, function: str, *positional: Any, **named: Any) -> str:
        """A call; over several lines where one would be too long."""
        arguments = [*map(self.value, positional), *(f"{key}={self.value(value)}" for key, value in named.items())]
        line = f"{function}({', '.join(arguments)})"
        if len(line) <= _WIDTH:
            return line
        return f"{function}(\n" + "".join(f"    {argument},\n" for argument in arguments) + ")"

    def value(self, value: Any) -> str:
        """A value of an edit: scalars, dates, collections, and the dataclasses of a pipeline.

        Raises
        ------
        PipelineError
            For anything else.
        """
        if isinstance(value, str):
            return _text(value)
        if isinstance(value, float):
            return self._number(value)
        if value is None or isinstance(value, bool | int | bytes):
            return repr(value)
        if isinstance(value, Mapping):
            return "{" + ", ".join(f"{self.value(k)}: {self.value(v)}" for k, v in value.items()) + "}"
        if isinstance(value, list):
            return f"[{', '.join(map(self.value, value))}]"
        if isinstance(value, tuple):
            return f"({', '.join(map(self.value, value))}{',' if len(value) == 1 else ''})"
        if isinstance(value, datetime.date):
            self.imports["import datetime"] = None
            return repr(value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self._dataclass(value)
        raise PipelineError(f"a {type(value).__name__} cannot be written as Python", hint="use text or numbers")

    def _number(self, value: float) -> str:
        if not math.isfinite(value):
            return f'float("{value}")'
        # Places on the canvas are whole numbers for the most part, and read as such.
        return repr(int(value)) if value.is_integer() and abs(value) < 1 << 53 and str(value) != "-0.0" else repr(value)

    def _dataclass(self, value: Any) -> str:
        cls = type(value)
        self.imports[f"from {cls.__module__} import {cls.__name__}"] = None
        given = []
        for f in dataclasses.fields(value):
            default = f.default_factory() if f.default_factory is not dataclasses.MISSING else f.default
            if getattr(value, f.name) != default:
                given.append(f"{f.name}={self.value(getattr(value, f.name))}")
        return f"{cls.__name__}({', '.join(given)})"


def _text(value: str) -> str:
    shown = repr(value)
    return f'"{shown[1:-1]}"' if shown[0] == "'" and '"' not in value else shown
