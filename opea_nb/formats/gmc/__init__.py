"""GMConnector resources (``gmc.opea.io/v1alpha3``) of OPEA's GenAI Microservices Connector, in and out."""

from __future__ import annotations

from dataclasses import replace

from opea_nb.catalog import Catalog, load_catalog
from opea_nb.formats.conversion import Format, Imported
from opea_nb.formats.gmc.read import read_connector
from opea_nb.formats.gmc.records import KIND, is_connector
from opea_nb.formats.gmc.webhook import Complaint, complaints
from opea_nb.formats.gmc.write import resource, write
from opea_nb.formats.resources import choose, find

__all__ = ["FORMAT", "Complaint", "complaints", "read", "read_all", "resource", "write"]

_VERSION = "gmc.opea.io/v1alpha3"


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
    found, _ = find(text, source, is_connector, KIND, _VERSION)
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
    found, notes = find(text, source, is_connector, KIND, _VERSION)
    chosen, others = choose(found, name, KIND, source)
    imported = read_connector(*chosen, catalog or load_catalog())
    return replace(imported, notes=(*imported.notes, *notes, *others))


FORMAT = Format("gmc", "GMConnector", detect, read, write)
