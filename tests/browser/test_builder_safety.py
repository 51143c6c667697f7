"""Whatever names, texts, documents and answers hold, the Builder shows it as text."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.canvas import Open, shown
from tests.notebook.hostile import NAMES, TEXTS, TRACE

pytestmark = pytest.mark.slow

ANSWERING = Path(__file__).parents[1] / "notebook" / "builder" / "answering.py"
FILL = f"""
from opea_nb.errors import OpeaError
texts, names = json.loads({json.dumps(json.dumps(TEXTS))}), json.loads({json.dumps(json.dumps(NAMES))})
def tried(act):
    try: act()
    except OpeaError: pass
for name in names:
    tried(lambda: p.add("llm", name=name, parameters={{"chat_template": texts[0], "model": texts[2]}}))
p.add("embedding")
for at, text in enumerate(texts):
    tried(lambda: p.note(text, position=(at % 5 * 180.0, 600.0 + at // 5 * 110)))
    tried(lambda: p.update("embedding", environment={{f"A{{at}}": text}}))
tried(lambda: p.group(texts[2], [*p.services][:2]))
tried(lambda: p.rename_group(texts[4], texts[5]))
"""
DANGER = "script, iframe, [onerror], [onload], [onclick], [onfocus], [ontoggle], [onmouseover]"
MARKS = f"el => el.querySelectorAll('{DANGER}').length"


def test_hostile_texts_on_the_canvas_and_in_every_panel_are_text(notebook: Open) -> None:
    canvas = shown(notebook, "hostile-all", "import json", *FILL.strip().splitlines())
    page, root = canvas.page, canvas.builder
    told = canvas.told()
    assert len(told["notes"]) > 15
    canvas.cards(*told["cards"])
    canvas.builder.locator(".opea-fit-button").click()
    for name in told["cards"]:
        canvas.page.mouse.move(*canvas.at(name))
        root.locator(".opea-pick select").select_option(label=name)
        expect(root.locator(".opea-rename input")).to_have_value(name)
        assert root.evaluate(MARKS) == 0
    for title in ("YAML", "Problems", "Logs", "Files", "History", "Ask"):
        canvas.tab(title)
        if title == "YAML":
            expect(root.locator(".opea-yaml textarea")).not_to_have_value("")
            root.locator(".opea-yaml textarea").fill(f"opea_micro_services:\n  {TEXTS[2]}: ] {TEXTS[0]}")
            root.locator(".opea-apply").click()
            expect(root.locator(".opea-yaml-error")).to_contain_text("line")
            root.locator(".opea-diff-button").click()
        assert root.evaluate(MARKS) == 0
    assert page.evaluate(f"window.{TRACE}") is None


def test_hostile_questions_answers_and_logs_are_text(notebook: Open, lab: object) -> None:
    shutil.copy(ANSWERING, lab.folder)  # type: ignore[attr-defined]
    lines = ("from answering import answered_by, serving", "services = serving()")
    canvas = shown(notebook, "hostile-run", *lines, "p = answered_by(services.__enter__().url)")
    root = canvas.builder
    root.locator(".opea-deploy-button").click()
    expect(root.locator(".opea-deploy-state")).to_contain_text("running", timeout=60_000)
    question = "".join(TEXTS[:8])
    root.locator(".opea-ask input").fill(question)
    root.locator(".opea-ask input").press("Enter")
    turn = root.locator(".opea-turn").last
    expect(turn).to_have_attribute("data-state", "done", timeout=30_000)
    expect(turn.locator(".opea-asked")).to_have_text(question)
    assert root.evaluate(MARKS) == 0
    canvas.tab("Logs")
    assert root.evaluate(MARKS) == 0
    assert canvas.page.evaluate(f"window.{TRACE}") is None
    root.locator(".opea-stop-button").click()
    expect(root.locator(".opea-deploy-state")).to_contain_text("not deployed", timeout=30_000)
