"""GMConnector resources (``gmc.opea.io/v1alpha3``) of OPEA's GenAI Microservices Connector, in and out."""

from __future__ import annotations

from opea_nb.catalog import Catalog, load_catalog
from opea_nb.errors import FormatError
from opea_nb.formats.conversion import Format, Imported, Note
from opea_nb.formats.gmc.read import read_connector
from opea_nb.formats.gmc.records import is_connector
from opea_nb.formats.gmc.webhook import Complaint, complaints
from opea_nb.formats.gmc.write import resource, write
from opea_nb.formats.yaml_stream import load_all
from opea_nb.formats.yaml_text import Document, Path

__all__ = ["FORMAT", "Complaint", "complaints", "read", "read_all", "resource", "write"]


def detect(data: object) -> bool:
    """Whether parsed YAML is a GMConnector, or a list that holds one."""
    items = data.get("items") if isinstance(data, dict) else data
    return is_connector(data) or (isinstance(items, list) and any(map(is_connector, items)))


def read_all(text: str | bytes, source: str = "<text>", *, catalog: Catalog | None = None) -> tuple[Imported, ...]:
    """Every GMConnector of a file of one or several YAML documents, or of a Kubernetes ``List``.

    Raises
    ------
    FormatError
        When one is unsound, or there is none.
    """
    found, _ = _find(text, source)
    return tuple(read_connector(document, base, catalog or load_catalog()) for document, base in found)


def read(text: str | bytes, source: str = "<text>", *, catalog: Catalog | None = None, name: str = "") -> Imported:
    """Read a GMConnector.

    Parameters
    ----------
    name
        Which one (``metadata.name``), where the file holds several; the first when empty.

    Raises
    ------
    FormatError
        When it is unsound, or there is none (of that name); with line and column.
    """
    found, notes = _find(text, source)
    names = [_name(document, base) for document, base in found]
    if name and name not in names:
        raise FormatError(f"there is no GMConnector {name!r}", source=source, hint=f"it has {', '.join(names)}")
    chosen = names.index(name) if name else 0
    imported = read_connector(*found[chosen], catalog or load_catalog())
    for index, (document, base) in enumerate(found):
        if index != chosen:
            line, column = document.position(base)
            reason = f"the file holds {len(found)} GMConnectors; this one becomes another pipeline"
            notes.append(Note("lost", f"GMConnector {names[index]}", reason, f"{source}:{line}:{column}"))
    return Imported(imported.pipeline, (*imported.notes, *notes))


def _find(text: str | bytes, source: str) -> tuple[list[tuple[Document, Path]], list[Note]]:
    """The connectors, and notes on what else is in the file."""
    found: list[tuple[Document, Path]] = []
    notes = []
    for document in load_all(text, source):
        data = document.data
        items = data.get("items") if isinstance(data, dict) else data
        paths: list[Path] = [()]
        if not is_connector(data) and isinstance(items, list):
            head: Path = ("items",) if isinstance(data, dict) else ()
            paths = [(*head, i) for i in range(len(items))]
        for path in paths:
            value = items[path[-1]] if path and isinstance(items, list) and isinstance(path[-1], int) else data
            if is_connector(value):
                found.append((document, path))
                continue
            line, column = document.position(path)
            kind = str(value.get("kind", "a document"))[:40] if isinstance(value, dict) else "a value"
            notes.append(Note("lost", kind, "is no GMConnector", f"{source}:{line}:{column}"))
    if not found:
        hint = "it has `apiVersion: gmc.opea.io/v1alpha3` and `kind: GMConnector`"
        raise FormatError("there is no GMConnector in it", source=source, hint=hint)
    return found, notes


def _name(document: Document, base: Path) -> str:
    value: object = document.data
    for key in (*base, "metadata", "name"):
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int):
            value = value[key]
        else:
            return ""
    return value if isinstance(value, str) else ""


FORMAT = Format("gmc", "GMConnector", detect, read, write)
