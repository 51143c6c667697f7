"""A deployment as a saved notebook keeps it: what came up, or why it did not."""

from __future__ import annotations

from functools import cache
from html import escape
from importlib.resources import files

from opea_nb.notebook.deploy_shown import Shown, summary

__all__ = ["bundle"]


def bundle(shown: Shown) -> dict[str, str]:
    """The MIME bundle; it holds no ports and no times."""
    return {"text/html": _html(shown), "text/plain": summary(shown)}


@cache
def _style() -> str:
    return files("opea_nb.static").joinpath("deploy-view.css").read_text(encoding="utf-8").strip()


def _html(shown: Shown) -> str:
    lines = "".join(
        f'<div class="opea-service" role="listitem" data-tone="{escape(s["tone"])}">'
        f'<span class="opea-mark" aria-hidden="true">{escape(s["mark"])}</span>'
        f'<span class="opea-name">{escape(s["name"])}</span><span class="opea-word">{escape(s["state"])}</span>'
        f'<span></span><span class="opea-line">{escape(s["detail"])}</span></div>'
        for s in shown["services"]
    )
    return (
        f'<style>{_style()}</style><div class="opea opea-deploy" data-state="{escape(shown["state"])}">'
        f'<div class="opea-head"><div class="opea-question">{escape(shown["title"])}</div>'
        f'<div class="opea-headline">{escape(shown["headline"])}</div></div>'
        f'<div class="opea-services" role="list">{lines}</div>{_error(shown)}</div>'
    )


def _error(shown: Shown) -> str:
    error = shown["error"]
    if not error:
        return ""
    hint = f'<div class="opea-hint">→ {escape(error["hint"])}</div>' if error["hint"] else ""
    log = f'<pre class="opea-json">{escape(chr(10).join(error["log"]))}</pre>' if error["log"] else ""
    return f'<div class="opea-failure"><strong>{escape(error["message"])}</strong>{hint}{log}</div>'
