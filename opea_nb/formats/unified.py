"""The unified YAML of OPEA's deployment RFC, read and written.

What upstream reads is as it was: ``opea_micro_services`` with ``endpoint`` (a path with a ``port``, or an absolute URL)
and ``opea_mega_service`` with ``mega_flow`` (`opea_nb.formats.mega_flow`). What opea_nb adds stands where upstream does
not look:

==========================================  =========================================================================
per service                                 ``kind`` (unless its name or endpoint tells), ``image``, ``form``,
                                            ``environment``, ``engines``, ``replicas``, ``resources``, ``parameters``,
                                            ``api_key`` (the name of a variable), ``when``
                                            (`opea_nb.pipeline.when`)
``opea_engines: {name: {…}}``               the same keys and ``url``
``opea_mega_service``                       ``name``, ``endpoint``; each mapping with a ``mega_flow`` is a flow of its
                                            own, as in the ChatQnA RFC
``opea_nb``                                 what the canvas shows: places, notes, groups
                                            (`opea_nb.formats.unified_canvas`)
==========================================  =========================================================================

Other keys are kept and written back; comments are not.

>>> pipeline = loads('''
... opea_micro_services:
...   embedding: {endpoint: /v1/embeddings, port: 6001}
...   llm: {endpoint: /v1/chat/completions}
... opea_mega_service: {mega_flow: [embedding >> llm]}
... ''')
>>> pipeline
<Pipeline pipeline: 2 services, 1 edge>
>>> print(dumps(pipeline), end="")
opea_micro_services:
  embedding:
    endpoint: /v1/embeddings
    port: 6001
  llm:
    endpoint: /v1/chat/completions
    port: 9000
opea_mega_service:
  name: pipeline
  port: 8888
  mega_flow:
    - embedding >> llm
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from opea_nb.catalog import Catalog, load_catalog
from opea_nb.errors import FormatError
from opea_nb.formats import yaml_text
from opea_nb.formats.unified_read import read
from opea_nb.formats.unified_write import plain
from opea_nb.pipeline import Pipeline

__all__ = ["dumps", "load", "loads", "save"]

_LIMIT = 1 << 20


def loads(
    text: str | bytes, source: str = "<text>", *, catalog: Catalog | None = None, name: str | None = None
) -> Pipeline:
    """Read a pipeline from unified YAML.

    Parameters
    ----------
    text
        The YAML, at most 1 MiB.
    source
        File name for messages.
    catalog
        What kinds there are; the package's own when ``None``.
    name
        The pipeline's name; when ``None`` the one in the text, else ``pipeline``.

    Raises
    ------
    FormatError
        For anything that is not sound, with line and column: wrong YAML, a rule that the grammar does not hold, a
        cycle, an unknown name or one in no flow, clashing ports, a value of the wrong type or out of its range.
    """
    return read(yaml_text.load(text, source, limit=_LIMIT), catalog or load_catalog(), name or "")


def dumps(pipeline: Pipeline) -> str:
    """Write a pipeline as unified YAML, canonically: equal pipelines give the same text.

    A value that equals the catalogue's is left out, except ``endpoint`` and ``port``.

    Raises
    ------
    FormatError
        For a name or a value that the format cannot carry.
    """
    return yaml_text.dump(plain(pipeline))


def load(path: str | os.PathLike[str], *, catalog: Catalog | None = None, name: str | None = None) -> Pipeline:
    """Read a pipeline from a file; as `loads`, but the file's name stands in for a missing name.

    Raises
    ------
    FormatError
        As in `loads`, and when the file cannot be read.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            text = file.read(_LIMIT + 1)
    except OSError as error:
        raise FormatError(f"cannot be read: {error.strerror}", source=str(path), hint="check the path") from error
    document = yaml_text.load(text, str(path), limit=_LIMIT)
    stem = path.stem if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", path.stem) else ""
    return read(document, catalog or load_catalog(), name or "", stem)


def save(path: str | os.PathLike[str], pipeline: Pipeline) -> Path:
    """Write a pipeline to a file, which holds the old text or the new one at any moment, never a part.

    Raises
    ------
    FormatError
        As in `dumps`, and when the file cannot be written.
    """
    given, path = Path(path), Path(path).resolve()
    text = dumps(pipeline)
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise FormatError(
            f"cannot be written: {error.strerror}", source=str(given), hint="is the folder there and writable?"
        ) from error
    return given


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
