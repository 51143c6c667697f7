"""What ``Pipeline.add`` gives back: a service or engine to write flows with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

from opea_nb.errors import PipelineError
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
    """A service of a pipeline: ``a >> b`` connects, ``a >> (b, c)`` branches, ``(b, c) >> d`` joins.

    A name stands for the service that has it: ``a >> "b"``.
    """

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

    def flow_to(self, *targets: ServiceHandle | str) -> Several:
        """The same as ``self >> targets``."""
        return self >> targets

    def __rshift__(self, targets: Step) -> Several:
        return Several((self,)) >> targets

    def __rrshift__(self, sources: Step) -> Several:
        return Several((self,)).after(sources)


class Several(Sequence[ServiceHandle]):
    """Services written in parentheses; each is connected to each of the next group, in one edit."""

    def __init__(self, members: tuple[ServiceHandle, ...]) -> None:
        self._members = members

    def __rshift__(self, targets: Step) -> Several:
        group = self._group(targets)
        return NotImplemented if group is None else _connected(self, group)

    def __rrshift__(self, sources: Step) -> Several:
        return self.after(sources)

    def after(self, sources: Step) -> Several:
        """What ``sources >> self`` does where `sources` is a name, a tuple or a list."""
        group = self._group(sources)
        return NotImplemented if group is None else _connected(group, self)

    def flow_to(self, *targets: ServiceHandle | str) -> Several:
        """The same as ``self >> targets``."""
        return self >> targets

    def _group(self, step: Step) -> Several | None:
        """What is written on one side of ``>>``, names looked up; ``None`` for what is no step."""
        if not isinstance(step, ServiceHandle | Iterable):
            return None
        written = (step,) if isinstance(step, ServiceHandle | str) else tuple(step)
        if not all(isinstance(part, ServiceHandle | str) for part in written):
            return None
        if not written:
            raise PipelineError("an empty group is no step of a flow", hint="put at least one service into it")
        return Several(tuple(self._service(part) for part in written))

    def _service(self, part: ServiceHandle | str) -> ServiceHandle:
        if isinstance(part, ServiceHandle):
            return part
        pipeline = self._members[0]._pipeline
        handle = pipeline.handle(part)
        if not isinstance(handle, ServiceHandle):
            raise PipelineError(f"{part} is an engine, not a step of a flow", hint=f"use(service, {part!r}) instead")
        return handle

    def __getitem__(self, index: int) -> ServiceHandle:  # type: ignore[override]  # a group is never sliced
        return self._members[index]

    def __iter__(self) -> Iterator[ServiceHandle]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __repr__(self) -> str:
        return f"({', '.join(map(repr, self._members))})"


Step: TypeAlias = "ServiceHandle | str | Iterable[ServiceHandle | str]"


def _connected(sources: Several, targets: Several) -> Several:
    pipelines = {id(handle._pipeline): handle._pipeline for handle in (*sources, *targets)}
    if len(pipelines) > 1:
        names = " and ".join(pipeline.name for pipeline in pipelines.values())
        raise PipelineError(
            f"{sources!r} and {targets!r} are parts of two pipelines ({names})",
            hint="add both to one pipeline",
        )
    if pairs := [(a.name, b.name) for a in sources for b in targets]:
        sources[0]._pipeline.connect_all(pairs)
    return targets
