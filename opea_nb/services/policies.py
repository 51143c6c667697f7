"""Policies of the embedded guardrails: phrases and patterns read from YAML, looked for in a text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from opea_nb.errors import FormatError

__all__ = ["BUILTIN", "Policy", "load_policies", "violated"]

BUILTIN = Path(__file__).with_name("data") / "policies.yaml"
SIZE_LIMIT = 1 << 20
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))


@dataclass(frozen=True, slots=True)
class Policy:
    """What a text must not hold.

    Parameters
    ----------
    name
        What an answer calls it; several entries may share one.
    patterns
        Regular expressions.
    luhn
        Whether a match counts only when its digits have a right check digit.
    """

    name: str
    patterns: tuple[re.Pattern[str], ...]
    luhn: bool = False

    def matches(self, text: str) -> bool:
        """Whether the text, normalized by `violated`, breaks the policy."""
        return any(not self.luhn or _luhn(m.group()) for p in self.patterns for m in p.finditer(text))


def violated(policies: Iterable[Policy], text: str) -> tuple[str, ...]:
    """Names of the policies that a text breaks, each once, in their order.

    Letters in other forms (full-width, ligatures) and invisible characters do not hide a phrase.
    """
    plain = unicodedata.normalize("NFKC", text).translate(_INVISIBLE)
    return tuple(dict.fromkeys(p.name for p in policies if p.matches(plain)))


def _luhn(text: str) -> bool:
    """Whether the digits end in a right check digit.

    >>> _luhn("4111 1111 1111 1111"), _luhn("4111 1111 1111 1112")
    (True, False)
    """
    digits = [int(c) for c in reversed(text) if c.isdecimal()]
    return sum(d if i % 2 == 0 else sum(divmod(2 * d, 10)) for i, d in enumerate(digits)) % 10 == 0


def load_policies(path: Path = BUILTIN) -> tuple[Policy, ...]:
    """Read policies from a YAML file.

    Raises
    ------
    FormatError
        When the file cannot be read or is not of the form that `BUILTIN` shows.
    """
    try:
        if path.stat().st_size > SIZE_LIMIT:
            raise FormatError("larger than 1 MiB", source=str(path))
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise FormatError(f"cannot be read: {e.strerror}", source=str(path), hint="check POLICIES_PATH") from e
    except (yaml.YAMLError, UnicodeDecodeError) as e:
        mark = getattr(e, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise FormatError(f"no YAML: {e}", source=str(path), line=line, column=column) from e
    entries = data.get("policies") if isinstance(data, dict) else None
    if not isinstance(entries, list):
        raise FormatError('needs a list "policies" at the top', source=str(path))
    return tuple(_policy(entry, number, str(path)) for number, entry in enumerate(entries, 1))


def _policy(entry: Any, number: int, source: str) -> Policy:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise FormatError(f'policy {number} needs a "name"', source=source)
    if unknown := sorted(map(str, entry.keys() - {"name", "phrases", "patterns", "check"})):
        raise FormatError(
            f"policy {entry['name']!r} has unknown {unknown[0]!r}", source=source, hint="name, phrases, patterns, check"
        )
    if entry.get("check", "luhn") != "luhn":
        raise FormatError(f"policy {entry['name']!r}: check can only be luhn", source=source)
    phrases, patterns = (_strings(entry, key, source) for key in ("phrases", "patterns"))
    words = [r"(?<!\w)" + r"\s+".join(map(re.escape, p.split())) + r"(?!\w)" for p in phrases]
    compiled = tuple(_compiled(p, entry["name"], source) for p in [*words, *patterns])
    return Policy(entry["name"], compiled, "check" in entry)


def _strings(entry: dict[str, Any], key: str, source: str) -> Sequence[str]:
    given = entry.get(key) or []
    if not isinstance(given, list) or not all(isinstance(p, str) and p.strip() for p in given):
        raise FormatError(f"policy {entry['name']!r}: {key} must be a list of strings", source=source)
    return given


def _compiled(pattern: str, name: str, source: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as e:
        raise FormatError(f"policy {name!r}: pattern {pattern!r}: {e}", source=source) from e
