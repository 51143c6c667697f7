"""A pipeline as a Mermaid flowchart, which GitHub and most editors draw."""

from __future__ import annotations

from typing import Any

from opea_nb.formats.conversion import Exported, Format
from opea_nb.pipeline import MAIN, Pipeline

# Characters that Mermaid, or the HTML that it makes, would read as its own; written as its entity codes.
_OWN = frozenset('"`#&;<>\\%')


def mermaid(pipeline: Pipeline) -> str:
    """The flowchart's text: services as boxes, engines as cylinders; the same text for the same pipeline.

    >>> from opea_nb.pipeline import Pipeline
    >>> p = Pipeline("rag")
    >>> _ = p.add("embedding") >> p.add("retriever")
    >>> print(mermaid(p), end="")
    flowchart LR
      n1["embedding"]
      n2["retriever"]
      n1 --> n2
    """
    names = sorted([*pipeline.services, *pipeline.engines])
    ids = {name: f"n{number}" for number, name in enumerate(names, 1)}  # names may hold what no id can
    lines = ["flowchart LR"]
    grouped = {name: flow for flow in pipeline.flows if flow != MAIN for name in pipeline.flow(flow)}
    main = set(pipeline.flow(MAIN))
    lines += [f"  {_node(pipeline, name, ids[name])}" for name in names if name not in grouped or name in main]
    for number, flow in enumerate(sorted(set(grouped.values())), 1):
        inside = [name for name in names if grouped.get(name) == flow and name not in main]
        if inside:
            lines.append(f'  subgraph f{number}["{escaped(flow)}"]')
            lines += [f"    {_node(pipeline, name, ids[name])}" for name in inside]
            lines.append("  end")
    for source, target, data in sorted(pipeline.graph.edges(data=True), key=lambda edge: (edge[0], edge[1])):
        lines.append(f"  {ids[source]} {'-->' if data['kind'] == 'flow' else '-.->'} {ids[target]}")
    return "\n".join([*lines, ""])


def _node(pipeline: Pipeline, name: str, node_id: str) -> str:
    node = pipeline.node(name)
    label = escaped(name) if node.kind == name else f"{escaped(name)}<br/>{escaped(node.kind)}"
    left, right = ('["', '"]') if name in pipeline.services else ('[("', '")]')
    return f"{node_id}{left}{label}{right}"


def escaped(text: str) -> str:
    """Text that Mermaid shows as it is, whatever it holds.

    >>> escaped('a "b"'), escaped("ok-1")
    ('a #34;b#34;', 'ok-1')
    """
    return "".join(f"#{ord(c)};" if c in _OWN or not c.isprintable() else c for c in text)


def _write(pipeline: Pipeline) -> Exported:
    return Exported({f"{pipeline.name}.mmd": mermaid(pipeline)})


def _detect(data: Any) -> bool:  # noqa: ARG001  # a picture is only written
    return False


FORMAT = Format("mermaid", "Mermaid flowchart", _detect, None, _write)
