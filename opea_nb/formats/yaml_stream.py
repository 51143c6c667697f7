"""A text of several YAML documents, as Kubernetes' files are: each read on its own, with its place in the whole."""

from __future__ import annotations

import re

from opea_nb.errors import FormatError
from opea_nb.formats.yaml_text import Document, load

_MARK = re.compile(r"^---(?=\s|$).*$", re.MULTILINE)
_LIMIT = 1 << 20
_DOCUMENTS = 100


def load_all(text: str | bytes, source: str = "<text>") -> tuple[Document, ...]:
    r"""The documents of a text, empty ones left out.

    Raises
    ------
    FormatError
        As `opea_nb.formats.yaml_text.load`, and for over 1 MiB or 100 documents.

    >>> [d.data for d in load_all("a: 1\n---\n---\nb: 2\n")]
    [{'a': 1}, {'b': 2}]
    """
    size = len(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    if size > _LIMIT:
        hint = "is it the right file?"
        raise FormatError(f"{size} bytes of YAML are more than the {_LIMIT} that are read", source=source, hint=hint)
    if isinstance(text, bytes):
        if text[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return tuple(d for d in (load(text, source),) if d.data is not None)
        text = text.decode("utf-8", "replace")
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    starts = [0, *(m.start() for m in _MARK.finditer(text))]
    if len(starts) > _DOCUMENTS:
        raise FormatError(f"more than {_DOCUMENTS} YAML documents", source=source, hint="split the file")
    documents = []
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        # A line of three dashes inside a block text is indented, or it would end that document.
        part = "\n" * text.count("\n", 0, start) + text[start:end]
        if part.strip():
            document = load(part, source)
            if document.data is not None:
                documents.append(document)
    return tuple(documents)
