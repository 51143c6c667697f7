"""The unified YAML as one of the formats: with a note on each key that is kept without being understood."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from opea_nb.catalog import load_catalog
from opea_nb.formats import yaml_text
from opea_nb.formats.conversion import Exported, Format, Imported, Note
from opea_nb.formats.unified import dumps
from opea_nb.formats.unified_read import ENGINES, MEGA, SERVICES, read
from opea_nb.pipeline import Pipeline

__all__ = ["FORMAT"]

# What this package's own readers keep: it was noted when it was read, and other formats' writers use it.
_OWN = ("gmc", "compose", "studio", "mega_yaml", "opea_comps", "other_parameters", "when")


def _detect(data: Any) -> bool:
    """Whether parsed YAML is of the unified form."""
    return isinstance(data, Mapping) and (SERVICES in data or MEGA in data)


def _read(text: str | bytes, *, source: str = "<text>") -> Imported:
    stem = re.split(r"[\\/]", source)[-1].split(".")[0]
    stem = stem if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", stem) else ""
    pipeline = read(yaml_text.load(text, source), load_catalog(), stem=stem)
    return Imported(pipeline, tuple(_kept(pipeline)))


def _kept(pipeline: Pipeline) -> list[Note]:
    places: list[tuple[str, Mapping[str, Any]]] = [
        ("", pipeline.mega.document_extra),
        (f"{MEGA}.", pipeline.mega.extra),
    ]
    places += [(f"{SERVICES}.{n}.", s.extra) for n, s in pipeline.services.items()]
    places += [(f"{ENGINES}.{n}.", e.extra) for n, e in pipeline.engines.items()]
    places += [(f"{MEGA}.{n}.", f.extra) for n, f in pipeline.flows.items()]
    return [
        Note("kept", f"{prefix}{key}", "opea_nb does not know this key, and writes it back as it is")
        for prefix, extra in places
        for key in extra
        if key not in _OWN
    ]


def _write(pipeline: Pipeline) -> Exported:
    return Exported({f"{pipeline.name}.yaml": dumps(pipeline)})


FORMAT = Format("unified", "Unified YAML", _detect, _read, _write)
