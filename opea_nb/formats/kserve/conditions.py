"""A Switch's conditions: gjson queries, and the tests of a request that they stand for."""

from __future__ import annotations

import re

from opea_nb.formats.gmc import conditions
from opea_nb.pipeline.when import Allowed

# As in KServe's documents: the request in a list, of which the query looks for one that fits.
_THIS = re.compile(
    r"\[@this\][.|]#\(\s*([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)\s*==\s*"
    r'(?:"([^"\\]*)"|(-?[0-9]+(?:\.[0-9]+)?|true|false))\s*\)'
)


def read(text: str) -> tuple[str, Allowed] | None:
    """The path and test that a condition stands for; ``None`` where it is another.

    >>> read('[@this].#(modelId=="1")')
    ('modelId', Allowed(values=frozenset({'1'}), negated=False))
    >>> read("modelId==1")  # a path that no request has
    """
    text = text.strip()
    if found := _THIS.fullmatch(text):
        return found[1], Allowed(frozenset({found[2] if found[2] is not None else found[3]}))
    known = conditions.read(text) if not re.match(r"[^\[\]#|]*==", text) else None
    return (known[0], known[1]) if known and not known[2] else None
