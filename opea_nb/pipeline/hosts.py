"""What containers and pods are called: DNS labels for the names of a pipeline."""

from __future__ import annotations

import re
from collections.abc import Iterable

_LIMIT = 63


def host_name(name: str) -> str:
    """The DNS label (RFC 1035) nearest to a name.

    >>> host_name("retriever_2"), host_name("2nd LLM"), host_name("検索")
    ('retriever-2', 's-2nd-llm', 'service')
    """
    label = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if label[:1].isdigit():
        label = f"s-{label}"
    return label[:_LIMIT].strip("-") or "service"


def host_names(names: Iterable[str]) -> dict[str, str]:
    """A DNS label for each name: itself where it is one, else the nearest that no other has.

    >>> host_names(["a_b", "a-b", "A b"])
    {'a-b': 'a-b', 'a_b': 'a-b-2', 'A b': 'a-b-3'}
    """
    given = list(names)
    found = {name: name for name in given if name == host_name(name)}
    taken = set(found.values())
    for name in given:
        if name not in found:
            label = host_name(name)
            free = (f"{label[: _LIMIT - 1 - len(str(i))]}-{i}" for i in range(2, len(given) + 2))
            found[name] = label if label not in taken else next(other for other in free if other not in taken)
            taken.add(found[name])
    return found
