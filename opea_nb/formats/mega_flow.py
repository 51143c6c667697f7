"""The ``mega_flow`` rules of the unified YAML, read strictly and written canonically.

A flow is a list of rules; a rule is groups joined by ``>>``; a group is a name or ``(name, name)``. Each member of a
group gets an edge to each member of the next one; a rule of one name holds a service without edges.

>>> parse(["(s1, s5) >> s2", "s2 >> s3", "extra"]).edges
(('s1', 's2'), ('s5', 's2'), ('s2', 's3'))
>>> write(["a", "b", "c", "d"], [("a", "b"), ("a", "c"), ("c", "d"), ("b", "d")])
('a >> (b, c) >> d',)
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import networkx as nx

from opea_nb.errors import FormatError
from opea_nb.formats.mega_flow_write import write
from opea_nb.pipeline.names import name_fault

__all__ = ["MegaFlow", "Rule", "parse", "write"]

# Two groups of n and m names make n * m edges: a short text could fill the memory.
_EDGES = 5_000
# A longer rule than this, written once more, would hide the message.
_HINT_LENGTH = 500

_TOKEN = re.compile(r">>|[(),]|(?:(?!>>)[^(),])+")
_WRONG_ARROW = re.compile(r"(?<![->=<])(?:[-=]+>|>|→|⇒|»|=>)(?!>)|>{3,}")


@dataclass(frozen=True, slots=True)
class Rule:
    """The text of one rule and where its characters stand.

    Parameters
    ----------
    text
        The rule, such as ``a >> (b, c)``.
    place
        From the index of a character to its line and column; by default line 1 and the index.
    """

    text: str
    place: Callable[[int], tuple[int, int]] = lambda index: (1, index + 1)


@dataclass(frozen=True, slots=True)
class MegaFlow:
    """What rules say.

    Parameters
    ----------
    names
        Every name, in order of first mention.
    edges
        Pairs of names, in order of first mention.
    """

    names: tuple[str, ...]
    edges: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    at: int


@dataclass(slots=True)
class _Reader:
    rule: Rule
    source: str
    known: Collection[str] | None
    tokens: list[_Token] = field(default_factory=list)

    def refuse(self, at: int, message: str, hint: str | None = None) -> FormatError:
        line, column = self.rule.place(at)
        if hint is None:
            meant = _meant(self.rule.text) if len(self.rule.text) <= _HINT_LENGTH else ""
            hint = f"did you mean `{meant}`?" if meant and meant != self.rule.text.strip() else ""
        return FormatError(message, source=self.source, line=line, column=column, hint=hint)

    def groups(self) -> list[list[_Token]]:
        """The rule's groups, each a list of name tokens."""
        text = self.rule.text
        if not text.strip():
            raise self.refuse(0, "an empty rule", "remove it, or name a service")
        if found := _WRONG_ARROW.search(text):
            raise self.refuse(found.start(), f"`{found[0]}` is not an arrow of mega_flow, which is `>>`")
        self.tokens = [
            _Token(found[0].strip(), found.start() + len(found[0]) - len(found[0].lstrip()))
            for found in _TOKEN.finditer(text)
            if found[0].strip()
        ]
        groups = [self.group(0)]
        index = self.after(0)
        while index < len(self.tokens):
            token = self.tokens[index]
            if token.text != ">>":
                self.unexpected(token)
            groups.append(self.group(index + 1, token))
            index = self.after(index + 1)
        return groups

    def after(self, index: int) -> int:
        """Index of the token after the group that starts at `index`."""
        if self.tokens[index].text != "(":
            return index + 1
        return next(i for i in range(index, len(self.tokens)) if self.tokens[i].text == ")") + 1

    def unexpected(self, token: _Token) -> None:
        if token.text == ",":
            raise self.refuse(token.at, "a comma outside of parentheses: several services side by side need them")
        if token.text == ")":
            raise self.refuse(token.at, "a `)` without its `(`")
        raise self.refuse(token.at, f"`>>` is missing before `{token.text}`")

    def group(self, index: int, arrow: _Token | None = None) -> list[_Token]:
        if index >= len(self.tokens):
            assert arrow is not None, "the first group of a rule that is not blank has a token"
            raise self.refuse(arrow.at, "nothing stands after this `>>`")
        first = self.tokens[index]
        if first.text == ">>":
            where = "before" if arrow is None else "between this `>>` and the one before"
            raise self.refuse(first.at, f"nothing stands {where}{' this `>>`' if arrow is None else ''}")
        if first.text != "(":
            if first.text in (")", ","):
                self.unexpected(first)
            return [self.name(first)]
        return self.members(index)

    def members(self, index: int) -> list[_Token]:
        opening, names, seen, comma = self.tokens[index], list[_Token](), set[str](), True
        for token in self.tokens[index + 1 :]:
            if token.text == "(":
                raise self.refuse(token.at, "parentheses inside parentheses: a group holds names only")
            if token.text == ">>":
                raise self.refuse(opening.at, "this `(` is not closed before the `>>`")
            if token.text == ")":
                if not names:
                    raise self.refuse(opening.at, "an empty group `()`")
                if comma:
                    raise self.refuse(token.at, "a name is missing before this `)`")
                return names
            if token.text == ",":
                if comma:
                    raise self.refuse(token.at, "a name is missing before this comma")
                comma = True
                continue
            if token.text in seen:
                raise self.refuse(token.at, f"`{token.text}` stands twice in this group")
            names.append(self.name(token))
            seen.add(token.text)
            comma = False
        raise self.refuse(opening.at, "this `(` is never closed")

    def name(self, token: _Token) -> _Token:
        if fault := name_fault(token.text):
            at = token.at + next((i for i, c in enumerate(token.text) if not c.isprintable()), 0)
            hint = "write each rule as a list item of its own" if "\n" in token.text else "rename the service"
            raise self.refuse(at, f"a name cannot hold {fault}", hint)
        if self.known is not None and token.text not in self.known:
            close = difflib.get_close_matches(token.text, self.known, n=3)
            names = ", ".join(f"`{name}`" for name in close or sorted(self.known)[:8])
            hint = f"the services are {names}" if names else "no service is defined"
            hint = f"did you mean {names}?" if close else hint
            raise self.refuse(token.at, f"no service is called `{token.text[:80]}`", hint)
        return token


def parse(rules: Sequence[str | Rule], *, known: Collection[str] | None = None, source: str = "<text>") -> MegaFlow:
    """Read the rules of one flow.

    Parameters
    ----------
    rules
        Their texts; plain strings count as one line each.
    known
        Names of the services there are; any name when ``None``.
    source
        File name for messages.

    Raises
    ------
    FormatError
        For what the grammar does not hold (nested, unclosed or empty parentheses, commas outside of them, empty
        places, other arrows), a name that is not `known` or stands twice in a group, an edge of a service to itself,
        and a cycle, which is named. The hint says what was probably meant.
    """
    names: dict[str, None] = {}
    edges: dict[tuple[str, str], tuple[_Reader, int]] = {}
    joined = 0
    for number, rule in enumerate(rules, 1):
        if isinstance(rule, str):
            rule = Rule(rule, lambda index, line=number: (line, index + 1))  # type: ignore[misc]  # binds the number now
        reader = _Reader(rule, source, known)
        groups = reader.groups()
        names |= dict.fromkeys(token.text for group in groups for token in group)
        for left, right in itertools.pairwise(groups):
            joined += len(left) * len(right)
            if joined > _EDGES:
                raise reader.refuse(right[0].at, f"the flow has more than {_EDGES} edges", "")
            _join(left, right, reader, edges)
    _refuse_cycle(edges)
    return MegaFlow(tuple(names), tuple(edges))


def _join(
    left: list[_Token], right: list[_Token], reader: _Reader, edges: dict[tuple[str, str], tuple[_Reader, int]]
) -> None:
    for one in left:
        for two in right:
            if one.text == two.text:
                raise reader.refuse(
                    two.at, f"`{two.text}` would wait for itself", "no service can follow itself; remove one of the two"
                )
            edges.setdefault((one.text, two.text), (reader, two.at))


def _refuse_cycle(edges: Mapping[tuple[str, str], tuple[_Reader, int]]) -> None:
    try:
        around: list[tuple[str, str]] = nx.find_cycle(nx.DiGraph(list(edges)))
    except nx.NetworkXNoCycle:
        return
    order = {edge: index for index, edge in enumerate(edges)}
    # Told from the edge that was written last: it is the one that closed the circle.
    last = max(range(len(around)), key=lambda i: order[around[i]])
    turned = [edge[1] for edge in around[last:] + around[:last]]
    reader, at = edges[around[last]]
    raise reader.refuse(
        at,
        f"a cycle: {' >> '.join([*turned, turned[0]])}",
        f"a flow cannot come back; remove `{around[last][0]} >> {around[last][1]}` or another edge of it",
    )


def _meant(text: str) -> str:
    """The rule that `text` was probably meant to be: wrong arrows replaced, parentheses and commas put right."""
    parts: list[str] = []
    text = re.sub(r"\)\s*(?=[^\s>,)])", ") >> ", text)
    text = re.sub(r"(?<=[^\s>,(])\s*\((?=[^()]*\))", " >> (", text)
    for part in re.split(">>", _WRONG_ARROW.sub(">>", text)):
        names = list(dict.fromkeys(name.strip() for name in re.split(r"[(),]", part) if name.strip()))
        if names:
            parts.append(names[0] if len(names) == 1 else f"({', '.join(names)})")
    return " >> ".join(parts)
