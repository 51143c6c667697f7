"""KServe's InferenceGraph (``serving.kserve.io/v1alpha1``), in and out."""

from __future__ import annotations

from opea_nb.catalog import Catalog, load_catalog
from opea_nb.formats.conversion import Format, Imported
from opea_nb.formats.kserve.read import read_graph
from opea_nb.formats.kserve.records import KIND, VERSION, is_graph
from opea_nb.formats.kserve.write import write
from opea_nb.formats.resources import choose, find

__all__ = ["FORMAT", "read", "write"]


def detect(data: object) -> bool:
    """Whether parsed YAML is an InferenceGraph, or a list that holds one."""
    items = data.get("items") if isinstance(data, dict) else data
    return is_graph(data) or (isinstance(items, list) and any(map(is_graph, items)))


def read(text: str | bytes, source: str = "<text>", *, catalog: Catalog | None = None, name: str = "") -> Imported:
    """Read an InferenceGraph. It only routes: what it calls at an address of its own is taken to run elsewhere.

    Parameters
    ----------
    name
        Which one (``metadata.name``), where the file holds several; the first when empty.

    Raises
    ------
    FormatError
        When it is unsound, or there is none (of that name); with line and column.
    """
    found, notes = find(text, source, is_graph, KIND, VERSION)
    chosen, others = choose(found, name, KIND, source)
    imported = read_graph(*chosen, catalog or load_catalog())
    return Imported(imported.pipeline, (*imported.notes, *notes, *others))


FORMAT = Format("kserve", "KServe InferenceGraph", detect, read, write)
