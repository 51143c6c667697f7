"""Read a document's text: plain text, Markdown, HTML, PDF."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from opea_nb.errors import OpeaError

__all__ = ["PAGES_LIMIT", "Section", "Unreadable", "read_document"]

PAGES_LIMIT = 1000
SECONDS_LIMIT = 120.0
_LEAST = 80  # a section of fewer characters is a heading or a caption: it goes with the one after it
_HEADING = re.compile(r"(?m)^ {0,3}(#{1,6})[ \t]+(.+?)[ \t]*#*[ \t]*$")
_CHARSET = re.compile(rb"""(?i)<(?:meta\b[^>]*?charset|\?xml\b[^>]*?encoding)\s*=\s*["']?\s*([\w.:-]+)""")
_FENCE = re.compile(r"(?m)^ {0,3}(```|~~~)[^\n]*\n.*?(?:^ {0,3}\1|\Z)", re.DOTALL)
# fmt: off
_BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "dd", "details", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html",
    "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "td", "th", "tr", "ul",
))
# fmt: on


class Unreadable(OpeaError):
    """A document whose text cannot be had; the message names its file."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a document under one heading or on one page (from 1; 0 where there are none)."""

    text: str
    heading: str = ""
    page: int = 0


def read_document(name: str, data: bytes) -> list[Section]:
    """The text of a file, in sections.

    Parameters
    ----------
    name
        File name; its ending says what it is (.txt, .md, .html, .pdf), else its first bytes.
    data
        The file.

    Raises
    ------
    Unreadable
        When the kind is not known, the file is damaged, or there is no text in it.
    """
    sections = [s for s in _reader(name, data)(name, data) if s.text.strip()]
    if not sections:
        hint = "a scanned PDF has pictures of text only: run OCR first" if data[:5] == b"%PDF-" else ""
        raise Unreadable(f"{name}: there is no text in it", hint=hint)
    return sections


def _reader(name: str, data: bytes) -> Callable[[str, bytes], list[Section]]:
    ending = PurePosixPath(name).suffix.lower()
    if ending == ".pdf" or data[:5] == b"%PDF-":
        return _read_pdf
    if ending in (".html", ".htm", ".xhtml"):
        return _read_html
    if ending in (".md", ".markdown"):
        return _read_markdown
    if ending in (".txt", ".text", ".log", ".rst", ".csv", ".json", ".yaml", ".yml", ""):
        return lambda name, data: [Section(_decode(name, data))]
    raise Unreadable(
        f"{name}: files that end in {ending} are not taken",
        hint="send text, Markdown, HTML or PDF (.txt .md .html .pdf)",
    )


def _decode(name: str, data: bytes, encoding: str = "") -> str:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else encoding or "utf-8-sig"
    try:
        text = data.decode(encoding)
    except LookupError:  # a page may claim any name
        return _decode(name, data)
    except UnicodeDecodeError as e:
        if encoding != "utf-8-sig":
            return _decode(name, data)  # and be wrong about it
        raise Unreadable(f"{name}: not UTF-8 text (byte {e.start})", hint="save it as UTF-8") from e
    if "\0" in text:
        raise Unreadable(f"{name}: a binary file, not text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _encoding(claimed: str) -> str:
    """What browsers take a page's word for: Latin-1 is read as Windows' superset of it; UTF-8 may have a mark."""
    name = claimed.lower().replace("_", "-")
    known = {"utf8": "", "utf-8": "", "utf-16": "", "iso-8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252"}
    return known.get(name, name)


def _joined(sections: list[Section]) -> list[Section]:
    """Sections too short to stand alone put before the next one, whose heading they take."""
    whole: list[Section] = []
    held = ""
    for section in sections:
        text = held + section.text.strip()
        if len(text) < _LEAST:
            held = text + "\n\n" if text else ""
            continue
        whole.append(Section(text, section.heading, section.page))
        held = ""
    if held and whole:
        whole[-1] = Section(f"{whole[-1].text}\n\n{held.strip()}", whole[-1].heading, whole[-1].page)
    elif held:
        whole.append(Section(held.strip(), sections[0].heading))
    return whole


def _read_markdown(name: str, data: bytes) -> list[Section]:
    text = _decode(name, data)
    code = [m.span() for m in _FENCE.finditer(text)]
    marks = [m for m in _HEADING.finditer(text) if not any(a <= m.start() < b for a, b in code)]
    starts = [0, *(m.start() for m in marks)]
    headings = ["", *(m.group(2) for m in marks)]
    ends = [*starts[1:], len(text)]
    return _joined([Section(text[a:b], h) for a, b, h in zip(starts, ends, headings, strict=True)])


def _read_html(name: str, data: bytes) -> list[Section]:
    from selectolax.lexbor import LexborHTMLParser  # dataprep reads many files of which few are HTML

    claimed = _CHARSET.search(data, 0, 2048)
    tree = LexborHTMLParser(_decode(name, data, _encoding(claimed[1].decode("ascii")) if claimed else ""))
    for node in tree.css("script, style, noscript, template, svg, iframe, object"):
        node.decompose()
    title = tree.css_first("title")
    sections: list[tuple[str, list[str]]] = [(title.text(strip=True) if title else "", [])]
    block = 0
    for node in tree.body.traverse(include_text=True) if tree.body else ():
        if node.tag in ("h1", "h2", "h3"):
            sections.append((" ".join(node.text().split()), []))
            block = 0
        elif node.tag == "br":
            sections[-1][1].append("\n")
        elif node.is_text_node:
            within = node.parent
            while within is not None and within.tag not in _BLOCKS:
                within = within.parent
            number = within.mem_id if within is not None else 0
            text = node.text(deep=False)
            kept = text if within is not None and within.tag == "pre" else re.sub(r"\s+", " ", text)
            if number != block and kept.strip():
                sections[-1][1].append("\n\n")
                block = number
            sections[-1][1].append(kept)
    return _joined([Section("".join(parts).strip(), heading) for heading, parts in sections])


def _read_pdf(name: str, data: bytes) -> list[Section]:
    import pypdf  # dataprep reads many files of which few are PDF

    started = time.monotonic()
    sections = []
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable(f"{name}: the PDF needs a password", hint="save a copy without one")
        if len(reader.pages) > PAGES_LIMIT:
            raise Unreadable(f"{name}: {len(reader.pages)} pages", hint=f"split it: at most {PAGES_LIMIT} are taken")
        for number, page in enumerate(reader.pages, 1):
            if time.monotonic() - started > SECONDS_LIMIT:
                raise Unreadable(f"{name}: page {number} not reached in {SECONDS_LIMIT:.0f} s", hint="split the file")
            sections.append(Section(page.extract_text(), page=number))
    except Unreadable:
        raise
    except Exception as e:  # a damaged file can make the parser fail in any way, and all of them mean the same here
        raise Unreadable(f"{name}: not a readable PDF: {e or type(e).__name__}", hint="open and save it again") from e
    return sections
