"""``check``, ``show``, ``diff`` and ``templates``: what is in a file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from opea_nb.cli.convert import Force, Input, Json, given, notes_data, print_notes, templates_like, write_files
from opea_nb.cli.output import EXIT_ERROR, out, print_json

if TYPE_CHECKING:
    from opea_nb.pipeline import Pipeline

__all__ = ["check", "diff", "show", "templates"]

Files = Annotated[list[Path], typer.Argument(help="Files of any format that is read; - for stdin.")]


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem of a file, and where it is."""

    file: str
    line: int
    column: int
    severity: str
    code: str
    message: str
    hint: str = ""

    def text(self) -> Text:
        """The line that editors and people read: ``file:line:column: severity: message``."""
        where = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        colour = "bold red" if self.severity == "error" else "yellow"
        return Text.assemble(
            f"{where}: ",
            (self.severity, colour),
            f": {self.message}",
            (f"\n  → {self.hint}" if self.hint else "", "dim"),
        )


def check(
    files: Files,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
    json: Json = False,
) -> None:
    """Find what is wrong in files. Exit code 1 when a file has an error."""
    import dataclasses

    found = [finding for file in files for finding in findings(file)]
    bad = any(f.severity == "error" or strict for f in found)
    if json:
        print_json([dataclasses.asdict(f) for f in found])
    else:
        for finding in found:
            out.print(finding.text(), soft_wrap=True)
        if not found:
            out.print(f"{len(files)} file{'s' if len(files) > 1 else ''}, no problems.")
    raise typer.Exit(EXIT_ERROR if bad else 0)


def findings(file: Path) -> list[Finding]:
    """What keeps a file from being read, or its pipeline from running."""
    from opea_nb.errors import FormatError
    from opea_nb.formats import registry

    name = "<stdin>" if str(file) == "-" else str(file)
    try:
        text, _ = registry.text_of(given(file))
        imported = registry.read(text, source=name)
    except FormatError as error:
        return [Finding(name, error.line, error.column, "error", "format", error.problem, error.hint)]
    plain = text if isinstance(text, str) else text.decode("utf-8", "replace")
    own = [Finding(name, f.line, f.column, f.severity, f.code, f.message, f.hint) for f in imported.faults]
    problems = imported.pipeline.problems()
    return own + [Finding(name, *_place(plain, p.node), p.severity, p.code, p.message, p.hint) for p in problems]


def _place(text: str, name: str) -> tuple[int, int]:
    """Where a service stands: as a key, else wherever its name is first; 0 where it is not."""
    word = re.escape(name)
    for pattern in (rf"^\s*(?:- )?[\"']?({word})[\"']?\s*:", rf"(?<![\w-])({word})(?![\w-])"):
        found = re.search(pattern, text, re.MULTILINE) if name else None
        if found:
            start = found.start(1)
            return text.count("\n", 0, start) + 1, start - (text.rfind("\n", 0, start) + 1) + 1
    return 0, 0


def show(
    file: Input,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Picture to write: .svg, .png or .mmd (Mermaid).")
    ] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Draw a pipeline in the terminal, or into a file."""
    from opea_nb.errors import FormatError
    from opea_nb.formats import registry

    imported = registry.read(given(file))
    if output is not None:
        to = {".svg": "svg", ".png": "png", ".mmd": "mermaid"}.get(output.suffix.lower())
        if to is None:
            raise FormatError("a picture is .svg, .png or .mmd", source=str(output), hint="name it so")
        written = write_files(registry.convert(imported.pipeline, to), str(output), force=force)
    if json:
        files = {"written": list(map(str, written))} if output is not None else {}
        print_json({**_data(imported.pipeline), **files, "notes": notes_data(imported.notes)})
        return
    if output is None:
        from opea_nb.cli.drawing import drawing

        out.print(Text(drawing(imported.pipeline)), no_wrap=True, crop=False, overflow="ignore")
    print_notes(imported.notes)


def _data(pipeline: Pipeline) -> dict[str, object]:
    return {
        "name": pipeline.name,
        "endpoint": pipeline.endpoint,
        "port": pipeline.port,
        "services": {n: {"kind": s.kind, "url": s.url} for n, s in pipeline.services.items()},
        "engines": {
            n: {"kind": e.kind, "used_by": sorted(pipeline.graph.predecessors(n))} for n, e in pipeline.engines.items()
        },
        "flows": {
            n: {"services": list(pipeline.flow(n)), "edges": [list(e) for e in pipeline.flow(n).edges]}
            for n in pipeline.flows
        },
    }


def diff(first: Input, second: Input, json: Json = False) -> None:
    """List what two pipelines differ in, whatever their formats. Exit code 0: nothing, 1: something, as of diff."""
    from opea_nb.formats import registry
    from opea_nb.formats.compare import NOTHING, differences

    found = differences(registry.read(given(first)).pipeline, registry.read(given(second)).pipeline)
    if json:
        sides = [
            {side: value for side, value in (("first", d.one), ("second", d.other)) if value is not NOTHING}
            for d in found
        ]
        print_json([{"path": list(d.path), **side} for d, side in zip(found, sides, strict=True)])
    for difference in () if json else found:
        out.print(Text(str(difference)), soft_wrap=True)
    raise typer.Exit(1 if found else 0)


def templates(
    name: Annotated[
        str, typer.Argument(help="A template, to print it; all of them when left out.", autocompletion=templates_like)
    ] = "",
    json: Json = False,
) -> None:
    """List the templates that `new` begins with, or print one."""
    import sys

    from rich.table import Table

    from opea_nb import templates as known

    if name and json:
        print_json({"name": name, "about": known.describe(name), "text": known.text(name)})
        return
    if name:
        sys.stdout.write(known.text(name))
        return
    about = {n: known.describe(n).partition("\n")[0] for n in known.names()}
    if json:
        print_json([{"name": n, "about": text} for n, text in about.items()])
        return
    table = Table.grid(padding=(0, 2))
    for n, text in about.items():
        table.add_row(Text(n, "bold"), Text(text))
    out.print(table)
