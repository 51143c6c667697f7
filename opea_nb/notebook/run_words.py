"""A run in words; widgets/src/run-state.ts says the same in the page."""

from __future__ import annotations

from opea_nb.notebook.look import MARKS
from opea_nb.notebook.run_shown import Shown

__all__ = ["duration", "note", "summary"]


def duration(seconds: float | None) -> str:
    """Seconds for people.

    >>> [duration(s) for s in (0.0042, 1.5, 75)]
    ['4 ms', '1.50 s', '1 min 15 s']
    """
    seconds = seconds or 0.0
    if seconds < 0.9995:
        return f"{round(seconds * 1000)} ms"
    if seconds < 60:
        return f"{seconds:.2f} s"
    return f"{int(seconds // 60)} min {round(seconds % 60)} s"


def note(step: Shown) -> str:
    """The quiet line of a step: how long it took, or why not."""
    match step["state"]:
        case "done":
            return duration(step["elapsed"])
        case "failed":
            return f"failed after {duration(step['elapsed'])}"
        case "skipped":
            return str(step["reason"] or "skipped")
    return str(step["state"])


def summary(run: Shown, answer: str) -> str:
    """The run as plain text, without times: the same whenever it goes the same way."""
    lines = [f"{MARKS[run['state']]} {run['question']}"]
    for step in run["steps"]:
        why = step["reason"] or step["error"]
        lines.append(f"  {MARKS[step['state']]} {step['name']}: {step['state']}{f' ({why})' if why else ''}")
    if run["error"]:
        lines.append(f"  {run['error']['message']}")
        if run["error"]["hint"]:
            lines.append(f"  → {run['error']['hint']}")
    return "\n".join([*lines, answer] if answer else lines)
