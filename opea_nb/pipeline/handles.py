"""What ``Pipeline.add`` gives back: a service or engine to write flows with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from opea_nb.pipeline.spec import Engine, Node, Service

if TYPE_CHECKING:
    from opea_nb.catalog import Component
    from opea_nb.pipeline.pipeline import Pipeline


class Handle:
    """A service or engine of one pipeline; it follows renames."""

    def __init__(self, pipeline: Pipeline, name: str) -> None:
        self._pipeline = pipeline
        self._name = name

    @property
    def name(self) -> str:
        """Its present name."""
        return self._name

    @property
    def spec(self) -> Node:
        """Its present fields.

        Raises
        ------
        UnknownName
            When it has been deleted.
        """
        return self._pipeline.node(self._name)

    @property
    def component(self) -> Component:
        """Its entry in the catalogue."""
        return self._pipeline.component(self._name)

    def update(self, *, merge: bool = True, **fields: object) -> None:
        """Set fields: see `Pipeline.update`."""
        self._pipeline.update(self._name, merge=merge, **fields)

    def rename(self, name: str) -> None:
        """Give it another name."""
        self._pipeline.rename(self._name, name)

    def remove(self) -> None:
        """Take it out of the pipeline."""
        self._pipeline.remove(self._name)

    def __repr__(self) -> str:
        return f"<{self._name}>"


class EngineHandle(Handle):
    """An engine of a pipeline."""

    @property
    def spec(self) -> Engine:
        """Its present fields."""
        node = super().spec
        assert isinstance(node, Engine)  # a kind's role does not change
        return node


class ServiceHandle(Handle):
    """A service of a pipeline: ``a >> b`` connects, ``a >> (b, c)`` branches, ``(b, c) >> d`` joins."""

    @property
    def spec(self) -> Service:
        """Its present fields."""
        node = super().spec
        assert isinstance(node, Service)  # a kind's role does not change
        return node

    def uses(self, engine: EngineHandle | str) -> ServiceHandle:
        """Let it use an engine; gives itself back."""
        self._pipeline.use(self._name, engine)
        return self

    def __rshift__(self, targets: ServiceHandle | Sequence[ServiceHandle]) -> Several:
        return Several((self,)) >> targets

    def __rrshift__(self, sources: Sequence[ServiceHandle]) -> Several:
        return Several(tuple(sources)) >> self


class Several(Sequence[ServiceHandle]):
    """Services written in parentheses; each is connected to each of the next group, in one edit."""

    def __init__(self, members: tuple[ServiceHandle, ...]) -> None:
        self._members = members

    def __rshift__(self, targets: ServiceHandle | Sequence[ServiceHandle]) -> Several:
        group = Several((targets,) if isinstance(targets, ServiceHandle) else tuple(targets))
        if not all(isinstance(member, ServiceHandle) for member in (*self, *group)):
            return NotImplemented
        pairs = [(a.name, b.name) for a in self for b in group]
        if pairs:
            self._members[0]._pipeline.connect_all(pairs)
        return group

    def __rrshift__(self, sources: Sequence[ServiceHandle]) -> Several:
        return Several(tuple(sources)) >> self

    def __getitem__(self, index: int) -> ServiceHandle:  # type: ignore[override]  # a group is never sliced
        return self._members[index]

    def __iter__(self) -> Iterator[ServiceHandle]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __repr__(self) -> str:
        return f"({', '.join(map(repr, self._members))})"
