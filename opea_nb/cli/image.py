"""``image``: the container image that exported files name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from opea_nb.cli.output import out, print_json

__all__ = ["image"]


def image(
    tag: Annotated[
        str, typer.Option("--tag", "-t", help="What it is called; default: what exported files call it.")
    ] = "",
    context: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Only write what it is built of into this folder, to build it elsewhere."),
    ] = None,
    program: Annotated[str, typer.Option(help="docker, or another that has its build command.")] = "docker",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only say what goes wrong.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Build the container image that exported Compose files and manifests name."""
    from opea_nb.formats.image import build, write_context
    from opea_nb.plan import IMAGE

    if context is None:
        build(tag or IMAGE, program=program, quiet=quiet)
    else:
        write_context(context)
    if json:
        print_json({"context": str(context)} if context is not None else {"image": tag or IMAGE})
    else:
        out.print(Text(str(context) if context is not None else tag or IMAGE), soft_wrap=True)
