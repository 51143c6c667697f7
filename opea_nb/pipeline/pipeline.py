"""The pipeline: one networkx graph of services and engines, changed only by edits that can be undone."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx

from opea_nb.catalog import Catalog, load_catalog
from opea_nb.pipeline import edits, wiring
from opea_nb.pipeline.adding import adding, checked
from opea_nb.pipeline.arranging import ArrangedPipeline
from opea_nb.pipeline.edit import Edit, copied
from opea_nb.pipeline.handles import EngineHandle, Handle, ServiceHandle
from opea_nb.pipeline.history import History
from opea_nb.pipeline.names import check_pipeline_name
from opea_nb.pipeline.reading import Name, name_of
from opea_nb.pipeline.spec import MAIN, Flow, MegaService, Service
from opea_nb.pipeline.surgery import connecting

if TYPE_CHECKING:
    from opea_nb.backends import Deployment

    Graph = nx.DiGraph[str]


class Pipeline(ArrangedPipeline):
    """Services, the flow between them, and the engines that they use.

    Parameters
    ----------
    name
        Letters, digits, ``-`` and ``_``.
    port
        The gateway's port where the target does not choose one.
    endpoint
        URL path of the main flow; ``/v1/<name>`` when empty.
    catalog
        What kinds there are; the package's own when ``None``.

    >>> chatqna = Pipeline("chatqna")
    >>> emb, llm = chatqna.add("embedding"), chatqna.add("llm")
    >>> emb >> chatqna.add("retriever") >> chatqna.add("reranking") >> llm
    (<llm>)
    >>> chatqna
    <Pipeline chatqna: 4 services, 3 edges>
    >>> chatqna.undo()
    'connect reranking to llm'
    """

    def __init__(self, name: str = "pipeline", *, port: int = 8888, endpoint: str = "", catalog: Catalog | None = None):
        self.catalog = catalog or load_catalog()
        self._graph: Graph = nx.DiGraph()
        self._graph.graph["mega"] = MegaService(check_pipeline_name(name))
        self._graph.graph["flows"] = {MAIN: Flow(MAIN)}
        self._graph.graph["notes"] = {}
        self._graph.graph["groups"] = {}
        self._history = History()
        self.lock = threading.RLock()  # a notebook's callbacks come on threads of their own, beside the cell's
        self.last_edit: Edit | None = None
        self._observers: dict[object, Callable[[Pipeline], None]] = {}
        self._handles: weakref.WeakSet[Handle] = weakref.WeakSet()
        edits.Configure({"port": port, "endpoint": endpoint}).apply(self._graph)

    def add(self, kind: str, name: str = "", *, flow: str = "", **fields: Any) -> Any:
        """Add a service or engine of a kind; gives a handle to connect it with.

        Parameters
        ----------
        kind
            A component of the catalogue.
        name
            Its name; the kind, with a number where that is taken, when empty.
        flow
            The flow it becomes part of; the component's own or the main one when empty.
        fields
            Any field of `Service` or `Engine`.

        Raises
        ------
        CatalogError
            For an unknown kind or a bad parameter.
        PipelineError
            For a taken or impossible name, or an unknown field.
        """
        edit, node = adding(self._graph, self.catalog, kind, name, flow, **fields)
        self.apply(edit)
        return self.handle(node.name)

    def handle(self, name: str) -> ServiceHandle | EngineHandle:
        """A handle on a service or engine that is already there."""
        handle = (ServiceHandle if isinstance(self.node(name), Service) else EngineHandle)(self, name)
        self._handles.add(handle)
        return handle

    def connect(self, source: Name, target: Name, *, flow: str = "") -> None:
        """Draw a flow edge, in the flow that both are part of when none is named.

        Raises
        ------
        CycleError, UnknownName, DuplicateName
            When it would close a circle, or a name is not there, or the edge already is.
        """
        self.connect_all([(source, target)], flow=flow)

    flow_to = connect

    def connect_all(self, pairs: Iterable[tuple[Name, Name]], *, flow: str = "") -> None:
        """Draw several flow edges as one edit."""
        self.apply(connecting(self, pairs, flow))

    def disconnect(self, source: Name, target: Name, *, flow: str = "") -> None:
        """Take a flow edge out; out of every flow when none is named."""
        a, b = name_of(source), name_of(target)
        for name in (a, b):
            self.node(name)
        flows = self._graph.edges[a, b]["flows"] if self._graph.has_edge(a, b) else ()
        chosen = (flow,) if flow else flows or (MAIN,)
        self.apply(edits.Batch(tuple(wiring.Disconnect(a, b, f) for f in chosen), f"disconnect {a} from {b}"))

    def use(self, service: Name, engine: Name) -> None:
        """Let a service use an engine."""
        self.apply(wiring.Use(name_of(service), name_of(engine)))

    def unuse(self, service: Name, engine: Name) -> None:
        """The reverse of `use`."""
        self.apply(wiring.Unuse(name_of(service), name_of(engine)))

    def remove(self, name: Name) -> None:
        """Take a service or engine out, with its edges."""
        self.apply(edits.Remove(name_of(name)))

    def rename(self, old: Name, new: str) -> None:
        """Give a service or engine another name; edges and handles follow."""
        self.apply(edits.Rename(name_of(old), new))

    def update(self, name: Name, *, merge: bool = True, **fields: Any) -> None:
        """Set fields of a service or engine.

        Parameters
        ----------
        merge
            Whether parameters and environment are added to what there is, where ``None`` takes one out; otherwise they
            are replaced.
        fields
            Any field of `Service` or `Engine` but the name.

        Raises
        ------
        CatalogError, PipelineError
            For a value that the component or `Service` does not allow; nothing is changed then.
        """
        node = self.node(name)
        for key in ("parameters", "environment"):
            if merge and isinstance(fields.get(key), Mapping):
                merged = {**getattr(node, key), **fields[key]}
                fields[key] = {k: v for k, v in merged.items() if v is not None}
        self.apply(edits.Change(node.name, checked(self.component(name), fields)))

    def configure(self, **fields: Any) -> None:
        """Set the pipeline's own ``name``, ``port`` or ``endpoint``."""
        self.apply(edits.Configure(fields))

    def apply(self, edit: Edit) -> None:
        """Do an edit; it can be undone."""
        with self.lock:
            self._history.do(edit, self._graph)
            self._changed(edit)

    @property
    def undo_label(self) -> str | None:
        """What `undo` would take back; ``None`` when there is nothing."""
        return self._history.undo_label

    @property
    def redo_label(self) -> str | None:
        """What `redo` would do again; ``None`` when there is nothing."""
        return self._history.redo_label

    def undo(self) -> str | None:
        """Take the last edit back; gives its label, or ``None`` when there is none."""
        with self.lock:
            return self._done(self._history.undo(self._graph))

    def redo(self) -> str | None:
        """Do the edit again that `undo` took back; gives its label, or ``None`` when there is none."""
        with self.lock:
            return self._done(self._history.redo(self._graph))

    def _done(self, step: tuple[str, Edit] | None) -> str | None:
        if step is None:
            return None
        self._changed(step[1])
        return step[0]

    def observe(self, callback: Callable[[Pipeline], None]) -> Callable[[], None]:
        """Call back after every edit, with `lock` held and the edit in `last_edit`; gives the function that ends it."""
        key = object()
        self._observers[key] = callback
        return lambda: self._observers.pop(key, None) and None

    def _changed(self, edit: Edit) -> None:
        self.last_edit = edit
        for old, new in edits.renames(edit):
            for handle in self._handles:
                if handle._name == old:
                    handle._name = new
        for callback in tuple(self._observers.values()):
            callback(self)

    @classmethod
    def from_networkx(cls, graph: nx.DiGraph[Any], name: str = "", *, catalog: Catalog | None = None) -> Pipeline:
        """A pipeline from any directed networkx graph.

        A node's name is the service's. Its ``spec`` (as in `Pipeline.graph`) is taken as it is; else its ``kind``
        attribute, or its name, tells the component, and other attributes that are fields of `Service` are taken.
        ``flows`` of nodes and edges name flows; of a node without, its edges tell. An edge to an engine is a use, and
        parallel edges are one.

        Raises
        ------
        PipelineError
            When the graph has a cycle, is not directed, or a node cannot be a service.
        """
        from opea_nb.pipeline.from_graph import build

        return build(graph, name, catalog)

    def copy(self) -> Pipeline:
        """An independent pipeline with the same content and no history."""
        return _restored(self._graph, self.catalog)

    def __reduce__(self) -> tuple[object, ...]:
        return _restored, (self._graph, self.catalog)

    def to_yaml(self) -> str:
        """The unified YAML, in canonical form."""
        from opea_nb.formats import unified

        return unified.dumps(self)

    @classmethod
    def from_yaml(cls, text: str, *, catalog: Catalog | None = None) -> Pipeline:
        """A pipeline from unified YAML text.

        Raises
        ------
        FormatError
            When the text is not a sound unified YAML; says where.
        """
        from opea_nb.formats import unified

        return unified.loads(text, catalog=catalog)

    def save(self, path: str | Path) -> Path:
        """Write the unified YAML to a file."""
        from opea_nb.formats import unified

        return unified.save(path, self)

    def deploy(self, **options: Any) -> Deployment:
        """Start it and wait until it is ready: see `opea_nb.backends.deploy` for the options."""
        from opea_nb import backends

        return backends.deploy(self, **options)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        from opea_nb.formats import picture

        return {"image/svg+xml": picture.svg(self), "text/plain": repr(self)}


def _restored(graph: Graph, catalog: Catalog) -> Pipeline:
    """What `copy.copy`, `copy.deepcopy` and unpickling give: the content, without history and observers."""
    pipeline = Pipeline(catalog=catalog)
    pipeline._graph = copied(graph)
    return pipeline
