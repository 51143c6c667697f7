"""Putting documents into a deployment's store, listing and deleting them."""

from __future__ import annotations

import asyncio
import mimetypes
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from opea_nb.backends.answer import Ingested
from opea_nb.errors import OpeaError, RunError

__all__ = ["Documents", "expand"]

SUFFIXES = (".txt", ".md", ".markdown", ".html", ".htm", ".pdf")
"""What a folder is searched for; a file given by itself may have any suffix."""


class Request(Protocol):
    """Sends one request to the gateway."""

    def __call__(self, method: str, path: str, **content: Any) -> Awaitable[Any]:
        """The JSON of the response."""


class Documents:
    """The documents of one deployment, in the store that its retriever searches."""

    def __init__(self, request: Request) -> None:
        self._request = request

    async def ingest(
        self,
        *paths: str | Path,
        text: Mapping[str, str] | None = None,
        on_document: Callable[[Ingested], None] | None = None,
    ) -> tuple[Ingested, ...]:
        """Put documents in, one request each, so that an error names the document.

        Parameters
        ----------
        paths
            Files, or folders that are searched for text, Markdown, HTML and PDF.
        text
            Name -> text of documents that are in no file; a name without a suffix gets ``.txt``.
        on_document
            Told after each.

        Raises
        ------
        OpeaError
            When a path does not exist, or nothing was given.
        RunError
            When a document was refused.
        """
        texts = {n if Path(n).suffix else f"{n}.txt": t.encode() for n, t in (text or {}).items()}
        files = await asyncio.to_thread(expand, paths)
        if not files and not texts:
            raise OpeaError("there is no document to ingest", hint=f"give files or a folder with {', '.join(SUFFIXES)}")
        done: list[Ingested] = []
        for file in files:
            done.append(await self._send(file.name, await asyncio.to_thread(file.read_bytes)))
            if on_document is not None:
                on_document(done[-1])
        for name, content in texts.items():
            done.append(await self._send(name, content))
            if on_document is not None:
                on_document(done[-1])
        return tuple(done)

    async def _send(self, name: str, content: bytes) -> Ingested:
        kind = mimetypes.guess_type(name)[0] or "text/plain"
        try:
            await self._request("POST", "/v1/dataprep/ingest", files=[("files", (name, content, kind))])
        except RunError as e:
            raise RunError(f"{name} was not ingested: {e.message}", run_id=e.run_id, hint=e.hint) from e
        return Ingested(name, len(content))

    async def list(self) -> tuple[str, ...]:
        """Names of the documents in the store."""
        found = await self._request("POST", "/v1/dataprep/get", json={})
        return tuple(str(entry["name"]) for entry in found)

    async def delete(self, name: str) -> None:
        """Take a document out; ``all`` takes out every one."""
        await self._request("POST", "/v1/dataprep/delete", json={"file_path": name})


def expand(paths: Iterable[str | Path]) -> tuple[Path, ...]:
    """The files that `paths` name, folders searched through, in order."""
    found: list[Path] = []
    for path in map(Path, paths):
        path = path.expanduser()
        if path.is_dir():
            found.extend(sorted(p for p in path.rglob("*") if p.is_file() and p.suffix.lower() in SUFFIXES))
        elif path.is_file():
            found.append(path)
        else:
            raise OpeaError(f"{path} does not exist", hint="give a file or a folder")
    return tuple(found)
