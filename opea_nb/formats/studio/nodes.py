"""The nodes of a flow of GenAIStudio, the same from a canvas and from ``workflow-info.json``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from opea_nb.formats.draft import Draft

__all__ = ["Node", "canvas", "workflow_info"]

_INSTANCE = re.compile(r"\{\{\s*([^{}\s]+?)\.data\.instance\s*\}\}")
_TOKENS = frozenset({"huggingFaceToken", "openaiApiKey", "huggingfaceToken", "hf_token"})
_NODES, _EDGES = 1000, 10_000


@dataclass(slots=True)
class Node:
    """One node.

    Parameters
    ----------
    id, name
        As in the file: ``opea_service@llm_tgi_0`` and ``opea_service@llm_tgi``.
    category
        Studio's word for its sort; ``Controls`` are no services.
    params
        What was set, tokens left out.
    model
        The model that was set.
    engines
        Engine that comes with it -> its model, empty where none is named.
    sources
        Ids of the nodes that feed it.
    client
        Whether it calls a flow of its own (``megaserviceClient``), as a worker agent does.
    position
        Where the canvas shows it.
    """

    id: str
    name: str
    category: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    model: str = ""
    engines: dict[str, str] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)
    client: bool = False
    position: tuple[float, float] | None = None

    def fed_by(self, source: str) -> None:
        """Note a node that feeds it, once."""
        if source not in self.sources:
            self.sources.append(source)


def canvas(data: Mapping[str, Any], draft: Draft) -> dict[str, Node]:
    """The nodes of a saved canvas (``nodes`` and ``edges``).

    Raises
    ------
    FormatError
        When there is no list of nodes, or two have the same id.
    """
    nodes: dict[str, Node] = {}
    for index, raw in enumerate(_items(data, "nodes", draft)):
        inner = _mapping(raw.get("data", raw))  # without a canvas's own frame in what its translator reads
        id_ = raw.get("id") or inner.get("id")
        if not isinstance(id_, str) or not id_:
            raise draft.error(f"nodes[{index}] has no id", "give it one", ("nodes", index))
        if id_ in nodes:
            raise draft.error(f"two nodes have the id {id_!r}", "rename one of them", ("nodes", index))
        if str(raw.get("type", "")) == "stickyNote" or inner.get("type") == "StickyNote":
            draft.note("kept", id_, "a note on the canvas, not a service", f"nodes[{index}]")
        node = Node(id_, str(inner.get("name") or re.sub(r"_\d+$", "", id_)), str(inner.get("category") or ""))
        inputs = _mapping(inner.get("inputs"))
        anchors = {str(a.get("name")) for a in _list(inner.get("inputAnchors")) if isinstance(a, Mapping)}
        for key, value in inputs.items():
            found = [m for text in _texts(value) for m in _INSTANCE.findall(text)]
            for source in found:
                node.fed_by(source)
            if not found and str(key) not in anchors:
                _set(node, str(key), value, draft)
        _models(node, inner)
        node.client = bool(inner.get("megaserviceClient"))
        node.position = _point(raw.get("position"))
        nodes[id_] = node
    _edges(data, nodes, draft)
    return nodes


def workflow_info(data: Mapping[str, Any], draft: Draft) -> dict[str, Node]:
    """The nodes of a ``workflow-info.json``, where each tells what it is connected to.

    Raises
    ------
    FormatError
        When ``nodes`` is no object.
    """
    raw = data.get("nodes")
    if not isinstance(raw, Mapping) or len(raw) > _NODES:
        raise draft.error("`nodes` is no object of up to 1000 nodes", "is it the right file?", ("nodes",))
    nodes: dict[str, Node] = {}
    for id_, value in raw.items():
        inner = _mapping(value)
        name = str(inner.get("name") or re.sub(r"_\d+$", "", str(id_)))
        node = Node(str(id_), name, str(inner.get("category") or ""))
        for key, item in _mapping(inner.get("params")).items():
            _set(node, str(key), item, draft)
        _models(node, inner)
        node.client = bool(inner.get("megaserviceClient"))
        nodes[node.id] = node
    for id_, value in raw.items():
        for source in _ids(_mapping(value).get("connected_from")):
            nodes[str(id_)].fed_by(source)
        for target in _ids(_mapping(value).get("connected_to")):
            if target in nodes:
                nodes[target].fed_by(str(id_))
            else:
                draft.note("lost", f"{id_} to {target}", f"there is no node {target}")
    for key in ("chat_input_ids", "chat_completion_ids", "doc_input_ids", "file_input_ids"):
        for control in _ids(data.get(key)):
            nodes.setdefault(control, Node(control, re.sub(r"_\d+$", "", control), "Controls"))
    return nodes


def _edges(data: Mapping[str, Any], nodes: dict[str, Node], draft: Draft) -> None:
    """What the list of edges says: Studio itself reads the nodes' own inputs, so a difference is told."""
    listed = data.get("edges")
    if not isinstance(listed, list):
        return
    if len(listed) > _EDGES:
        raise draft.error(f"`edges` has more than {_EDGES} entries", "is it the right file?", ("edges",))
    drawn: set[tuple[str, str]] = set()
    for index, edge in enumerate(listed):
        source, target = (_mapping(edge).get(end) for end in ("source", "target"))
        where = f"edges[{index}]"
        if not isinstance(source, str) or not isinstance(target, str) or {source, target} - nodes.keys():
            draft.note("lost", f"{source} to {target}", "one of its ends is not among the nodes", where)
            continue
        drawn.add((source, target))
        if source not in nodes[target].sources:
            reason = "is drawn, but not among the inputs that Studio reads: taken as drawn"
            draft.note("inferred", f"{source} to {target}", reason, where)
            nodes[target].fed_by(source)
    for node in nodes.values():
        for source in node.sources:
            if source in nodes and (source, node.id) not in drawn:
                draft.note("inferred", f"{source} to {node.id}", "is among the inputs, but not drawn: taken")


def _set(node: Node, key: str, value: Any, draft: Draft) -> None:
    if key in _TOKENS:
        if value not in ("", "NA", None):
            draft.note("lost", f"{node.id}.{key}", "a secret's value is not read: set it where you deploy")
    elif value not in ("", None):
        node.params[key] = value


def _models(node: Node, inner: Mapping[str, Any]) -> None:
    model = node.params.pop("modelName", "")
    node.model = model if isinstance(model, str) else ""
    for engine, settings in _mapping(inner.get("dependent_services")).items():
        own = _mapping(settings).get("modelName")
        node.engines[str(engine)] = own if isinstance(own, str) and own not in ("", "NA", "default") else node.model


def _items(data: Mapping[str, Any], key: str, draft: Draft) -> Iterator[Mapping[str, Any]]:
    value = data.get(key)
    if not isinstance(value, list) or len(value) > _NODES:
        raise draft.error(f"`{key}` is no list of up to {_NODES} nodes", "is it the right file?", (key,))
    for index, item in enumerate(value):
        if not isinstance(item, Mapping):
            raise draft.error(f"{key}[{index}] is no object", "is it the right file?", (key, index))
        yield item


def _texts(value: Any) -> Iterable[str]:
    return [v for v in (value if isinstance(value, list) else [value]) if isinstance(v, str)]


def _ids(value: Any) -> list[str]:
    return [v for v in _list(value) if isinstance(v, str) and v]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _point(value: Any) -> tuple[float, float] | None:
    x, y = _mapping(value).get("x"), _mapping(value).get("y")
    if isinstance(x, int | float) and isinstance(y, int | float) and abs(x) < 1e7 and abs(y) < 1e7:
        return float(x), float(y)
    return None
