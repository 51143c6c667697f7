"""W3C Trace Context: ``00-<32 hex trace id>-<16 hex span id>-<2 hex flags>``.

Ids are random enough to be told apart, and no secrets: nothing is granted to who knows one.
"""

from __future__ import annotations

import random
import re

__all__ = ["new_run_id", "parse", "span"]

_PATTERN = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_bits = random.SystemRandom().getrandbits
# seeded once by the system: a tenth of the cost of asking it each time
_random = random.Random(_bits(256)).getrandbits  # noqa: S311  # ids to tell apart, no secrets


def new_run_id() -> str:
    """A new trace id.

    >>> len(new_run_id())
    32
    """
    return f"{_random(128) or 1:032x}"


def span(run: str, flags: str = "01") -> str:
    """A ``traceparent`` with a span id of its own.

    >>> span("4bf92f3577b34da6a3ce929d0e0e4736")[:36]
    '00-4bf92f3577b34da6a3ce929d0e0e4736-'
    """
    return f"00-{run}-{_random(64) or 1:016x}-{flags}"


def parse(header: str) -> tuple[str, str] | None:
    """Trace id and flags of a client's ``traceparent``; ``None`` when it is malformed, as the standard wants.

    >>> parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    ('4bf92f3577b34da6a3ce929d0e0e4736', '01')
    >>> parse("00-00000000000000000000000000000000-00f067aa0ba902b7-01")
    """
    match = _PATTERN.fullmatch(header.strip())
    if match is None:
        return None
    version, trace, parent, flags, rest = match.groups()
    if version == "ff" or (version == "00" and rest) or trace == "0" * 32 or parent == "0" * 16:
        return None
    return trace, flags
