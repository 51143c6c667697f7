"""Tells the tests what a pipeline holds, in a file beside the notebook: no cell need run for it."""

from __future__ import annotations

import json
from pathlib import Path

from opea_nb.pipeline import Pipeline


def follow(pipeline: Pipeline, name: str) -> Pipeline:
    """Write down what the pipeline holds, now and after every edit."""
    file = Path(f"{name}.told")

    def tell(now: Pipeline) -> None:
        told = {
            "yaml": now.to_yaml(),
            "cards": sorted(now.graph),
            "edges": sorted([*edge] for edge in now.graph.edges),
            "places": {key: list(data["spec"].position or ()) for key, data in now.graph.nodes(data=True)},
            "parameters": {key: dict(data["spec"].parameters) for key, data in now.graph.nodes(data=True)},
            "notes": [note.text for note in now.notes.values()],
            "groups": {key: [sorted(group.members), group.folded] for key, group in now.groups.items()},
            "undo": now.undo_label or "",
            "redo": now.redo_label or "",
        }
        half = file.with_suffix(".half")
        half.write_text(json.dumps(told), encoding="utf-8")
        half.replace(file)

    tell(pipeline)
    pipeline.observe(tell)
    return pipeline
