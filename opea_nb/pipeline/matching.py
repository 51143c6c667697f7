"""Which kinds of services fit behind which, by the facets that their port types need and give."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from opea_nb.catalog import GENERIC, Catalog, Component, PortType

ANYTHING = "json"
"""The facet that stands for any JSON: a generic service takes and gives whatever there is."""

START = frozenset(("query", "messages", "audio", "image", ANYTHING))
"""What a run may have from the beginning."""

_DEPTH = 3  # steps that a chain may take to make what is missing
_NOTHING = PortType("")
_WORDS = {
    "query": "a question",
    "embedding": "a vector",
    "answer": "an answer",
    "verdict": "a verdict",
    "audio": "sound",
    "image": "an image",
    "video": "a video",
}


class Matching:
    """Answers about the kinds of one catalogue; what was found once is not looked for again.

    Parameters
    ----------
    catalog
        What kinds there are.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._types: dict[str, tuple[PortType, tuple[str, ...]]] = {}
        self._between: dict[tuple[str, str], str] = {}

    def wants(self, kind: str) -> PortType:
        """The port type of what a kind takes."""
        return self._type(kind)[0]

    def gives(self, kind: str) -> tuple[str, ...]:
        """The facets that a kind gives."""
        return self._type(kind)[1]

    def _type(self, kind: str) -> tuple[PortType, tuple[str, ...]]:
        if kind not in self._types:
            component = self.catalog[kind]
            wants = self.catalog.port_type(component.input) if component.input else _NOTHING
            gives = self.catalog.port_type(component.output).gives if component.output else ()
            self._types[kind] = wants, gives
        return self._types[kind]

    def fits(self, source: str, target: str) -> bool:
        """Whether the target kind has a use for anything that the source kind gives."""
        gives, wants = self.gives(source), self.wants(target)
        takes_anything = ANYTHING in wants.uses and not wants.needs
        return ANYTHING in gives or takes_anything or bool(set(gives) & {*wants.needs, *wants.uses})

    def mismatch(self, source: str, a: str, target: str, b: str) -> str:
        """Why a target of kind `b` has no use for what a source of kind `a` gives; empty when it has."""
        if self.fits(a, b):
            return ""
        gives, wants = self.gives(a), self.wants(b)
        what = f"{source} gives {words(gives)}, {target} takes {words(wants.needs or wants.uses)}"
        if between := self.between(a, b):
            return f"{what}: put {article(between)} {between} between"
        missing = [f for f in wants.needs if f not in START]
        giver = next(self.givers(missing[0] if missing else (*wants.needs, *wants.uses)[0]), "")
        return f"{what}: connect it behind {article(giver)} {giver}" if giver else what

    def given_by(self, kind: str) -> tuple[str, ...]:
        """The facets that a kind gives; anything, where the catalogue does not know the kind."""
        return self.gives(kind) if kind in self.catalog else (ANYTHING,)

    def missing(self, kind: str, known: Collection[str]) -> tuple[str, ...]:
        """What a kind needs that is not known and no run begins with; nothing where a step before gives anything."""
        if ANYTHING in known or kind not in self.catalog:
            return ()
        return tuple(f for f in self.wants(kind).needs if f not in START and f not in known)

    def between(self, a: str, b: str) -> str:
        """A kind that takes what kind `a` gives and gives what kind `b` wants; empty when there is none."""
        if (a, b) not in self._between:
            known = {*START, *self.gives(a)}
            wanted = set(self.wants(b).needs) - START or set(self.wants(b).uses)
            found = (c.kind for c in self._steps() if wanted & set(self.gives(c.kind)))
            ready = (k for k in found if k not in (a, b) and known.issuperset(self.wants(k).needs))
            self._between[a, b] = next((k for k in ready if self.fits(a, k) and self.fits(k, b)), "")
        return self._between[a, b]

    def givers(self, facet: str) -> Iterator[str]:
        """The kinds that make a facet out of others."""
        for component in self._steps():
            if facet in self.gives(component.kind) and facet not in self.wants(component.kind).needs:
                yield component.kind

    def chain(self, known: Collection[str], wanted: Iterable[str], depth: int = _DEPTH) -> tuple[str, ...] | None:
        """A row of kinds that, one behind the other, give all that is wanted; ``None`` when none does.

        What the catalogue has first is preferred, as it is where a problem's hint names it.
        """
        row: tuple[str, ...] = ()
        have = {*START, *known}
        for facet in wanted:
            if facet in have:
                continue
            found = self._chain(frozenset(have), facet, depth)
            if found is None:
                return None
            row += found
            have.update(f for kind in found for f in self.gives(kind))
        return row

    def _chain(self, have: frozenset[str], facet: str, depth: int) -> tuple[str, ...] | None:
        for kind in self.givers(facet) if depth else ():
            before = self.chain(have, [f for f in self.wants(kind).needs if f not in have], depth - 1)
            if before is not None:
                return (*before, kind)
        return None

    def _steps(self) -> Iterator[Component]:
        for component in self.catalog.values():
            if component.role == "service" and not component.flow and ANYTHING not in self.gives(component.kind):
                yield component


def engines_of(component: Component) -> tuple[str, ...]:
    """Kinds of the engines that a component uses in any of its forms."""
    return tuple(dict.fromkeys(kind for form in component.forms.values() for kind in form.engines))


def uses_any_engine(component: Component) -> bool:
    """Whether nobody says which engines a component uses, as with one that is known by its endpoint alone."""
    return component.kind == GENERIC or not component.forms


def words(facets: Iterable[str]) -> str:
    """Facets, for people.

    >>> words(("query", "documents"))
    'a question and documents'
    """
    return " and ".join(_WORDS.get(f, f) for f in facets) or "nothing"


def article(word: str) -> str:
    """``a`` or ``an``, as the word is spoken."""
    return "an" if word[:1] in tuple("aeio") or word.startswith(("llm", "lvm", "asr")) else "a"
