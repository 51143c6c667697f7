"""A finished run as a saved notebook keeps it: HTML that needs no kernel and no script, an SVG, and text."""

from __future__ import annotations

import json
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from opea_nb.notebook.look import MARKS
from opea_nb.notebook.run_picture import graph_svg, picture_svg
from opea_nb.notebook.run_shown import Shown
from opea_nb.notebook.run_words import duration, note, summary

__all__ = ["bundle"]


def bundle(run: Shown, answer: str) -> dict[str, str]:
    """The MIME bundle of a run. SVG and text hold no times: the same for each run that went the same way."""
    return {"text/html": _html(run, answer), "image/svg+xml": picture_svg(run), "text/plain": summary(run, answer)}


@cache
def _style() -> str:
    return files("opea_nb.static").joinpath("run-view.css").read_text(encoding="utf-8").strip()


def _html(run: Shown, answer: str) -> str:
    mark = MARKS[run["state"]]
    parts = [
        f"<style>{_style()}</style>",
        f'<div class="opea opea-run" data-state="{escape(run["state"])}" data-lm-suppress-shortcuts="true">',
        f'<div class="opea-head"><div class="opea-question">{escape(run["question"])}</div>',
        f'<div class="opea-headline">{mark} {escape(run["state"])} {duration(run["elapsed"])}</div></div>',
        f'<div class="opea-scroller">{graph_svg(run)}</div>',
        f'<div class="opea-rows">{"".join(_row(step, run) for step in run["steps"])}</div>',
    ]
    if run["error"]:
        error = run["error"]
        where = f"{error['step']}: " if error["step"] else ""
        hint = f'<div class="opea-hint">→ {escape(error["hint"])}</div>' if error["hint"] else ""
        parts.append(f'<div class="opea-failure"><strong>{escape(where + error["message"])}</strong>{hint}</div>')
    if answer:
        parts.append(f'<div class="opea-answer">{escape(answer)}</div>')
    return "".join([*parts, "</div>"])


def _row(step: Shown, run: Shown) -> str:
    state, name = escape(step["state"]), escape(step["name"])
    return (
        f'<details class="opea-row" data-state="{state}"><summary class="opea-summary">'
        f'<span class="opea-mark" aria-hidden="true">{MARKS[step["state"]]}</span>'
        f'<span class="opea-name">{name}</span><span class="opea-track" aria-hidden="true">{_bar(step, run)}</span>'
        f'<span class="opea-line">{escape(note(step))}</span></summary>'
        f'<div class="opea-inside">{_error(step)}{_address(step)}<div class="opea-panes">'
        f"{_pane('Request', step['request'])}{_pane('Response', step['response'])}</div></div></details>"
    )


def _bar(step: Shown, run: Shown) -> str:
    if step["start"] is None:
        return ""
    total: float = max([run["elapsed"], 1e-6, *((s["start"] or 0) + (s["elapsed"] or 0) for s in run["steps"])])

    def percent(seconds: float) -> float:
        return min(100.0, max(0.0, 100 * seconds / total))

    left, width = min(percent(step["start"]), 99.4), max(0.6, percent(step["elapsed"] or 0))
    token = ""
    if step["firstToken"] is not None:
        at = percent(step["start"] + step["firstToken"])
        token = f'<span class="opea-token" style="left:{at:.2f}%" title="first text of the answer"></span>'
    return f'<span class="opea-bar" style="left:{left:.2f}%;width:{width:.2f}%"></span>{token}'


def _error(step: Shown) -> str:
    text = "\n".join(x for x in (step["error"], step["body"]) if x)
    return f'<p class="opea-error">{escape(text)}</p>' if text else ""


def _address(step: Shown) -> str:
    if not step["url"]:
        return ""
    status = f" → {step['status']}" if step["status"] else ""
    tokens = f" · {step['tokens']} tokens" if step["tokens"] else ""
    return f'<p class="opea-address">POST {escape(step["url"])}{status}{tokens}</p>'


def _pane(title: str, body: Any) -> str:
    text = body if isinstance(body, str) else "" if body is None else json.dumps(body, indent=2, ensure_ascii=False)
    return (
        f'<div class="opea-pane"><div class="opea-title">{title}</div>'
        f'<pre class="opea-json">{escape(text or "not recorded")}</pre></div>'
    )
