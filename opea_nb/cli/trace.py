"""``trace``: the runs that a deployment remembers, and the steps of one."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Annotated

import typer
from rich.text import Text

from opea_nb.cli.convert import Json
from opea_nb.cli.output import deployments_like, out, print_json

__all__ = ["trace"]


def trace(
    name: Annotated[
        str, typer.Argument(help="Name of the deployment; see `opea-nb ps`.", autocompletion=deployments_like)
    ],
    run: Annotated[str, typer.Argument(help="Id of a run, or the beginning of one; `last` for the newest.")] = "",
    bodies: Annotated[bool, typer.Option("--bodies", help="Show what each step was sent and what it gave.")] = False,
    json: Json = False,
) -> None:
    """List the runs of a deployment, or show the steps of one with their times."""
    from opea_nb.backends import attach

    with attach(name) as found:
        runs = [dict(r) for r in found.runs()]
        if not run:
            _list(runs, json=json)
            return
        shown = found.run(_chosen(runs, run))
    if json:
        print_json(
            {
                "id": shown.id,
                "state": shown.state.state,
                "elapsed": shown.state.elapsed,
                "error": shown.state.error,
                "answer": shown.state.answer,
                "steps": [dataclasses.asdict(s) for s in shown.steps],
            }
        )
        return
    from opea_nb.cli.live import step_table

    state = shown.state
    took = "" if state.elapsed is None else f" in {state.elapsed * 1000:.0f} ms"
    out.print(Text(f"{shown.id} {state.state}{took}", "bold"), soft_wrap=True)
    out.print(step_table(shown.steps))
    if bodies:
        _print_bodies(shown.steps)
    if state.error:
        out.print(Text(state.error, "red"), soft_wrap=True)
    if state.answer:
        out.print(Text(state.answer), soft_wrap=True)


def _print_bodies(steps: object) -> None:
    import json as json_module
    from collections.abc import Iterable

    assert isinstance(steps, Iterable)
    for step in steps:
        for label, body in (("sent", step.request), ("gave", step.response)):
            if body is not None:
                text = body if isinstance(body, str) else json_module.dumps(body, ensure_ascii=False, indent=2)
                out.print(Text.assemble((f"{step.name} {label}", "dim"), "\n", text), soft_wrap=True)


def _chosen(runs: list[dict[str, object]], wanted: str) -> str:
    """The id of the run that is meant."""
    from opea_nb.errors import RunError

    ids = [str(r["id"]) for r in runs]
    fitting = ids[:1] if wanted == "last" else [i for i in ids if i.startswith(wanted.lower())]
    if len(fitting) == 1:
        return fitting[0]
    problem = "several runs begin with" if fitting else "no run is remembered that is"
    hint = f"there are {', '.join(i[:12] for i in (fitting or ids)[:5])}" if ids else "ask something first: opea-nb ask"
    raise RunError(f"{problem} {wanted!r}", hint=hint)


def _list(runs: list[dict[str, object]], *, json: bool) -> None:
    from rich.table import Table

    if json:
        print_json(runs)
        return
    if not runs:
        out.print("No runs yet.")
        return
    table = Table("run", "flow", "state", "started", "took", "error", box=None, pad_edge=False)
    for r in runs:
        started, elapsed = r.get("started"), r.get("elapsed")
        when = (
            datetime.fromtimestamp(started).astimezone().strftime("%H:%M:%S")
            if isinstance(started, int | float)
            else ""
        )
        took = f"{elapsed * 1000:.0f} ms" if isinstance(elapsed, int | float) else ""
        table.add_row(
            Text(str(r["id"])[:12]),
            Text(str(r.get("flow", ""))),
            Text(str(r.get("state", ""))),
            when,
            took,
            Text(str(r.get("error") or "").partition("\n")[0]),
        )
    out.print(table)
