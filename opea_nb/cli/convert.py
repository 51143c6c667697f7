"""``convert``, ``new`` and ``catalog``: pipelines as files, without a deployment."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from opea_nb.cli.output import err, out, print_json

if TYPE_CHECKING:
    from opea_nb.formats.conversion import Exported, Note

__all__ = ["catalog", "convert", "new", "print_notes", "write_files"]

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")]
Input = Annotated[Path, typer.Argument(help="A file of any format that is read; - for stdin.")]
Output = Annotated[
    str | None, typer.Option("--output", "-o", help="File, or folder where it is several; default, or -: stdout.")
]
_STDIN_LIMIT = (8 << 20) + 1
_ENDINGS = {".svg": "svg", ".png": "png", ".mmd": "mermaid", ".py": "python"}


def given(file: Path) -> Path | bytes:
    """The file, or what stands on stdin for ``-``; one that is not there is wrong usage."""
    if str(file) != "-" and (file.is_dir() or not file.exists()):
        raise typer.BadParameter(f"file {str(file)!r} {'is a directory' if file.is_dir() else 'does not exist'}.")
    return sys.stdin.buffer.read(_STDIN_LIMIT) if str(file) == "-" else file


def _formats(incomplete: str) -> list[str]:
    from opea_nb.formats import registry

    return [n for n in registry.names() if n.startswith(incomplete)]


def _kinds(incomplete: str) -> list[str]:
    from opea_nb.catalog import load_catalog

    return sorted(kind for kind in load_catalog() if kind.startswith(incomplete))


def templates_like(incomplete: str) -> list[str]:
    """The templates whose names begin so, for completion."""
    from opea_nb import templates

    return [n for n in templates.names() if n.startswith(incomplete)]


def convert(  # noqa: PLR0917  Typer makes them options
    file: Input,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            "-t",
            help="unified, compose, kubernetes, gmc, kserve, python, mermaid, svg or png; "
            "may be left out where the output ends in .svg, .png, .mmd or .py.",
            autocompletion=_formats,
        ),
    ] = "",
    output: Output = None,
    source: Annotated[
        str, typer.Option("--from", "-f", help="Format of the input; found out by default.", autocompletion=_formats)
    ] = "",
    accelerator: Annotated[str, typer.Option(help="cpu, gaudi, rocm or nvidia; default: cpu.")] = "",
    embedded: Annotated[
        bool, typer.Option("--embedded", help="Small services of this package instead of upstream's images.")
    ] = False,
    namespace: Annotated[str, typer.Option(help="Kubernetes namespace.")] = "",
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--option",
            "-O",
            metavar="NAME=VALUE",
            help="Any other option of the format, such as image=… or port=…; repeatable.",
        ),
    ] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Convert a pipeline from one format into another. Losses and guesses are told on stderr, item by item."""
    from opea_nb.formats import registry

    to = to or _ENDINGS.get(Path(output or "").suffix.lower(), "")
    if not to:
        raise typer.BadParameter("say which format to write, such as compose", param_hint="--to")
    options: dict[str, object] = dict(map(_option, option or ()))
    options |= {
        name: value
        for name, value in (("accelerator", accelerator), ("embedded", embedded), ("namespace", namespace))
        if value
    }
    made = registry.convert(given(file), to, format=source, **options)
    if json:
        written = () if output in (None, "-") else write_files(made, output, force=force)
        files = {"files": dict(made.files), "binary": sorted(made.binary)}
        print_json({**files, "written": list(map(str, written)), "notes": notes_data(made.notes)})
        return
    write_files(made, output, force=force)
    print_notes(made.notes)


def _option(text: str) -> tuple[str, object]:
    """``name=value``: true, false and whole numbers as such."""
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise typer.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--option")
    if value in ("true", "false"):
        return name, value == "true"
    return name, int(value) if value.isdigit() and len(value) < 10 else value


def new(
    name: Annotated[str, typer.Argument(help="Name of the pipeline; the file is called NAME.yaml.")],
    template: Annotated[
        str,
        typer.Option(
            "--template",
            "-t",
            help="An example of OPEA to begin with; see `opea-nb templates`.",
            autocompletion=templates_like,
        ),
    ] = "chatqna",
    output: Output = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Write a new pipeline to begin with."""
    from opea_nb import templates
    from opea_nb.formats.conversion import Exported
    from opea_nb.formats.unified import loads
    from opea_nb.pipeline.names import check_pipeline_name

    check_pipeline_name(name)
    text = re.sub(r"(?m)^(  name: ).*$", rf"\g<1>{name}", templates.text(template), count=1)  # its comments stay
    if loads(text).name != name:
        text = loads(text, name=name).to_yaml()
    written = write_files(Exported({f"{name}.yaml": text}), output or f"{name}.yaml", force=force)
    if json:
        print_json({"name": name, "template": template, "written": list(map(str, written))})


def catalog(
    kind: Annotated[str, typer.Argument(help="A component; all of them when left out.", autocompletion=_kinds)] = "",
    json: Json = False,
) -> None:
    """List the components that a pipeline can have, or show one."""
    import dataclasses

    from rich.table import Table

    from opea_nb.catalog import load_catalog

    found = load_catalog()
    if kind:
        component = found.component(kind)
        if json:
            print_json(dataclasses.asdict(component))
            return
        table = Table.grid(padding=(0, 2))
        engines = sorted({e for f in component.forms.values() for e in f.engines})
        rows = {
            "": component.help,
            "group": component.group,
            "takes": component.input,
            "gives": component.output,
            "endpoint": component.endpoint,
            "port": str(component.port or ""),
            "forms": ", ".join(component.forms),
            "engines": ", ".join(engines),
            "images": ", ".join(sorted({f.image for f in component.forms.values() if f.image})),
        }
        out.print(Text(f"{component.title} ({component.kind})", "bold"))
        for label, value in rows.items():
            if value:
                table.add_row(Text(label, "dim"), Text(value))
        for p in component.parameters:
            about = f"{p.type}, default {p.default}" if p.default is not None else p.type
            table.add_row(Text(f"parameter {p.name}", "dim"), Text(f"{about}: {p.help}" if p.help else about))
        out.print(table)
        return
    if json:
        print_json(
            [
                {
                    "kind": c.kind,
                    "title": c.title,
                    "role": c.role,
                    "group": c.group,
                    "takes": c.input,
                    "gives": c.output,
                    "endpoint": c.endpoint,
                    "port": c.port,
                    "forms": list(c.forms),
                }
                for c in found.values()
            ]
        )
        return
    table = Table("kind", "group", "takes", "gives", "port", box=None, pad_edge=False)
    for c in sorted(found.values(), key=lambda c: (c.role == "engine", c.group, c.kind)):
        table.add_row(Text(c.kind), Text(c.group or c.role), Text(c.input), Text(c.output), str(c.port or ""))
    out.print(table)


def print_notes(notes: Iterable[Note]) -> None:
    """What was lost, guessed or kept, on stderr."""
    colours = {"lost": "red", "inferred": "yellow", "kept": "dim"}
    for note in notes:
        rest = f"{note.item}: {note.reason}" + (f" ({note.where})" if note.where else "")
        err.print(Text.assemble((note.kind, colours[note.kind]), ": ", rest), soft_wrap=True)


def notes_data(notes: Iterable[Note]) -> list[dict[str, str]]:
    """Notes for programs."""
    return [{"kind": n.kind, "item": n.item, "reason": n.reason, "where": n.where} for n in notes]


def write_files(made: Exported, given: str | None, *, force: bool) -> tuple[Path, ...]:
    """One text file to stdout where no output is named; else to that file, or into that folder. Gives what was written.

    Raises
    ------
    FormatError
        When a file is there already, or cannot be written, or stdout cannot hold what was made.
    """
    from opea_nb.errors import FormatError

    files: dict[str, bytes] = {name: text.encode() for name, text in made.files.items()} | dict(made.binary)
    if given in (None, "-"):
        if made.binary and sys.stdout.isatty():
            raise FormatError(
                "a picture of pixels is nothing for a terminal", source="stdout", hint="name a file: -o FILE"
            )
        first, *others = files
        sys.stdout.flush()
        sys.stdout.buffer.write(files[first])
        sys.stdout.buffer.flush()
        for name in others:
            err.print(Text(f"also made, and written with -o FOLDER: {name}", "dim"), soft_wrap=True)
        return ()
    output = Path(given)
    folder = len(files) > 1 or output.is_dir() or given.endswith(("/", "\\"))
    places = {output / name if folder else output: content for name, content in files.items()}
    try:
        if folder and output.exists() and not output.is_dir():
            raise FormatError(f"{len(files)} files need a folder", source=str(output), hint="name a folder: -o FOLDER/")
        there = [str(path) for path in places if path.exists()]
        if there and not force:
            raise FormatError(
                "it is there already", source=there[0], hint="give --force to overwrite it, or another -o"
            )
        for path, content in places.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            err.print(Text(f"wrote {path}"), soft_wrap=True)
    except OSError as error:
        raise FormatError(f"cannot be written: {error.strerror}", source=str(output), hint="check the path") from error
    return tuple(places)
