"""The commands. What they do is imported when they run, so that ``opea-nb --help`` is quick."""

from __future__ import annotations

import dataclasses
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.text import Text

from opea_nb.cli import completion, convert, image, inspect, trace
from opea_nb.cli.output import deployments_like, err, out, print_json

if TYPE_CHECKING:
    from opea_nb.backends import DeploymentInfo

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,  # --install-completion, --show-completion
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog="Exit codes: 0 done, 1 error, 2 wrong usage, 3 deployment failed or not found, 4 query failed, "
    "130 interrupted.",
)

Name = Annotated[str, typer.Argument(help="Name of the deployment; see `opea-nb ps`.", autocompletion=deployments_like)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

for command in (convert.convert, convert.new, convert.catalog, inspect.check, inspect.show, inspect.diff):
    app.command()(command)
app.command()(inspect.templates)
app.command()(trace.trace)
app.command()(image.image)
app.command()(completion.completion)


def _version(wanted: bool) -> None:
    if wanted:
        version()
        raise typer.Exit


@app.callback()
def common(
    catalog: Annotated[
        list[Path] | None,
        typer.Option(exists=True, dir_okay=False, help="A file with components of your own; repeatable."),
    ] = None,
    version: Annotated[  # noqa: ARG001  its callback does it
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Convert, check, deploy, query and trace OPEA pipelines from a terminal."""
    if catalog:
        before = os.environ.get("OPEA_NB_CATALOG", "")
        os.environ["OPEA_NB_CATALOG"] = os.pathsep.join(filter(None, [before, *(str(p.resolve()) for p in catalog)]))


@app.command()
def version(json: Json = False) -> None:
    """Print the version."""
    from opea_nb import __version__

    if json:
        print_json({"version": __version__})
    else:
        out.print(__version__)


@app.command()
def models(json: Json = False) -> None:
    """Bring the language model that embedded pipelines use."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from opea_nb.services.models import ensure_model, model_path

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err if json else out, transient=True) as bar:
        task = bar.add_task(model_path().name, total=None)
        path = ensure_model(lambda done, total: bar.update(task, completed=done, total=total or None))
    if json:
        print_json({"path": str(path), "size": path.stat().st_size})
    else:
        out.print(Text(str(path)), soft_wrap=True)


@app.command()
def up(  # noqa: PLR0917  Typer makes them options
    file: convert.Input,
    name: Annotated[str, typer.Option(help="Name of the deployment; default: the pipeline's.")] = "",
    keep: Annotated[
        bool, typer.Option("--keep/--foreground", help="Stay until `opea-nb down`, or end with Ctrl-C.")
    ] = True,
    timeout: Annotated[float, typer.Option(help="Seconds for all to be ready; 0: each service's own limit.")] = 0.0,
    record: Annotated[bool, typer.Option(help="Whether runs keep the request and response of each step.")] = True,
    json: Json = False,
) -> None:
    """Deploy a pipeline on this machine."""
    from opea_nb.backends import deploy
    from opea_nb.cli.live import Deploying, service_table
    from opea_nb.formats.registry import read

    imported = read(convert.given(file))
    convert.print_notes(imported.notes)
    recording: Literal["bodies", "none"] = "bodies" if record else "none"
    with Deploying(err if json else out) as show:
        app_ = deploy(imported.pipeline, name=name, keep=keep, timeout=timeout or None, progress=show, record=recording)
    if json:
        services = [dataclasses.asdict(s) for s in app_.status()]
        print_json({"name": app_.name, "url": app_.url, "services": services})
    else:
        out.print(service_table(app_.status()))
        out.print(Text(f"{app_.name} is ready at {app_.url}"), soft_wrap=True)
    if keep:
        app_.close()
        return
    (err if json else out).print("Ctrl-C ends it.")
    with app_:
        signal.pause()


@app.command()
def ps(json: Json = False) -> None:
    """List what runs."""
    from rich.table import Table

    from opea_nb.backends import deployments

    found = deployments()
    if json:
        print_json([_info(d) for d in found])
        return
    if not found:
        out.print("Nothing runs.")
        return
    table = Table("name", "pipeline", "state", "services", "stays", box=None, pad_edge=False)
    for d in found:
        table.add_row(Text(d.name), Text(d.pipeline), Text(d.state), str(len(d.services)), "yes" if d.keep else "no")
    out.print(table)


def _info(d: DeploymentInfo) -> dict[str, object]:
    return dataclasses.asdict(d) | {"state": d.state}


@app.command()
def logs(
    name: Name,
    service: Annotated[str, typer.Argument(help="Name of a service, or `gateway`.")],
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many of the last lines.")] = 100,
    json: Json = False,
) -> None:
    """Print the log of a service."""
    from opea_nb.backends import attach

    with attach(name) as found:
        text = found.logs(service, lines)
    if json:
        print_json({"service": service, "lines": text.splitlines()})
    else:
        out.print(Text(text), soft_wrap=True)


@app.command()
def ask(
    name: Name,
    question: Annotated[str, typer.Argument(help="The question.")],
    max_tokens: Annotated[int, typer.Option(min=1, help="Longest answer, in tokens.")] = 256,
    timeout: Annotated[float, typer.Option(help="Seconds for the answer; 0: no limit of this command.")] = 0.0,
    json: Json = False,
) -> None:
    """Ask, and watch the steps."""
    from opea_nb.backends import attach
    from opea_nb.cli.live import show_query

    with attach(name) as found:
        if json:
            answer = found.query(question, max_tokens=max_tokens, timeout=timeout or None, show=False)
            print_json(
                {"answer": answer.text, "run": answer.run_id, "steps": [dataclasses.asdict(s) for s in answer.steps]}
            )
        else:
            show_query(lambda: found.start_query(question, max_tokens=max_tokens, timeout=timeout or None))


@app.command()
def ingest(
    name: Name, files: Annotated[list[Path], typer.Argument(help="Files or folders.")], json: Json = False
) -> None:
    """Put documents into the store that the retriever searches."""
    from opea_nb.backends import attach

    with attach(name) as found:
        done = found.ingest(*files)
    if json:
        print_json([dataclasses.asdict(d) for d in done])
        return
    for document in done:
        out.print(Text(f"ingested {document.name}"), soft_wrap=True)


@app.command()
def down(
    name: Annotated[str, typer.Argument(help="Name of the deployment.", autocompletion=deployments_like)] = "",
    every: Annotated[bool, typer.Option("--all", help="Every deployment.")] = False,
    volumes: Annotated[bool, typer.Option("--volumes", help="Delete the ingested documents too.")] = False,
    json: Json = False,
) -> None:
    """End a deployment, or all."""
    from opea_nb.backends import attach, deployments

    if bool(name) == every:
        raise typer.BadParameter("give a name, or --all")
    ended = []
    for found in [d.name for d in deployments()] if every else [name]:
        attach(found).down(volumes=volumes)
        ended.append(found)
        if not json:
            out.print(Text(f"{found} ended"))
    if json:
        print_json({"ended": ended})
    elif not ended:
        out.print("Nothing runs.")


@app.command()
def demo(json: Json = False) -> None:
    """Deploy the embedded ChatQnA, put documents in, ask, and show every step."""
    from opea_nb.cli.demo import run_demo

    shown = run_demo(err if json else out)
    if json:
        print_json(shown)
