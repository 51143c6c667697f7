"""Placeholders in what the catalogue says, such as ``{url:tei}``: see ``opea_nb.catalog.Form``."""

from __future__ import annotations

import re
from collections.abc import Callable

from opea_nb.errors import PlanError

PLACEHOLDER = re.compile(r"(?<!\$)\{(?:(url|host|port|parameter|volume|model|index):([\w.-]+)|(pipeline|name|model))\}")


def fill(value: str, meaning: Callable[[str, str], str], where: str) -> str:
    """The value with every placeholder replaced.

    Parameters
    ----------
    meaning
        (what, key) -> text; raises ``KeyError`` for a key that it does not know.
    where
        Component and form, for the error.

    Raises
    ------
    PlanError
        When a key is not known.

    >>> fill("{pipeline} at {port:tei} for ${USER}", lambda what, key: f"<{what} {key}>", "x")
    '<pipeline > at <port tei> for ${USER}'
    """

    def filled(match: re.Match[str]) -> str:
        return meaning(match[1] or match[3], match[2] or "")

    try:
        return PLACEHOLDER.sub(filled, value)
    except KeyError as error:
        raise PlanError(
            f"{where} speaks of {error} in {value!r} but does not use it",
            hint="list it under engines:, links: or volumes: in the catalogue",
        ) from error
