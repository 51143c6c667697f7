"""A run in a real notebook: live while it goes on, useful afterwards, and harmless whatever it shows."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from conftest import Lab, NotebookPage

pytestmark = pytest.mark.slow

Open = Callable[..., "NotebookPage"]
ANSWERING = Path(__file__).parents[1] / "notebook" / "builder" / "answering.py"

SETUP = """
from stub_run import asking, chatqna
from opea_nb.notebook.ask import show_run
from opea_nb.notebook.run_shown import RunShown
shown = RunShown("What was the revenue?", chatqna())
"""


def test_steps_change_and_text_streams_while_the_cell_still_runs(notebook: Open) -> None:
    page = notebook("live.ipynb", SETUP, "answer = show_run(asking(pace=0.8), shown)", "print(answer.text[:7])")
    page.run(0)
    page.finished(0)
    output = page.run(1)
    expect(output.locator('.opea-card[data-step="embedding"][data-state="done"]')).to_be_visible(timeout=20_000)
    expect(output.locator('.opea-card[data-step="llm"][data-state="waiting"]')).to_be_visible()
    expect(output.locator(".opea-answer")).to_contain_text("Revenue", timeout=20_000)
    assert output.locator(".opea-headline").inner_text().startswith("◐ running")
    page.finished(1)
    expect(output.locator(".opea-headline")).to_contain_text("✓ done")
    expect(page.run(2)).to_contain_text("Revenue")


@pytest.mark.parametrize("how", ["click", "Enter"])
def test_a_step_opens_to_its_request_and_response(notebook: Open, how: str) -> None:
    page = notebook("step.ipynb", SETUP, "show_run(asking(pace=2), shown);")
    page.run(0)
    page.finished(0)
    output = page.run(1)
    card = output.locator('.opea-card[data-step="embedding"]')
    expect(card).to_have_attribute("data-state", "done", timeout=20_000)
    if how == "click":
        card.click()
    else:
        card.focus()
        page.page.keyboard.press("Enter")
    row = output.locator('.opea-row[data-step="embedding"]')
    expect(row.locator(".opea-json").nth(0)).to_contain_text('"step": "embedding"')
    expect(row.locator(".opea-json").nth(1)).to_contain_text("248 more numbers")


def test_typing_in_the_view_never_touches_the_notebook(notebook: Open) -> None:
    page = notebook("keys.ipynb", SETUP, "show_run(asking(pace=3), shown);", "1 + 1", "2 + 2")
    page.run(0)
    page.finished(0)
    output = page.run(1)
    output.locator('.opea-card[data-step="embedding"]').focus()
    for key in ("x", "d", "d", "a", "b", "Delete", "ArrowDown"):
        page.page.keyboard.press(key)
    expect(page.page.locator(".jp-Notebook .jp-Cell")).to_have_count(4)


def test_hostile_names_documents_and_answers_are_text(notebook: Open) -> None:
    attack = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>'
    script = f"""
attack = {attack!r}
show_run(asking(pace=0.5, text=attack, steps=("embedding", attack)), RunShown(attack, None));
"""
    page = notebook("xss.ipynb", SETUP, script)
    page.run(0)
    page.finished(0)
    output = page.run(1)
    expect(output.locator(".opea-answer")).to_contain_text("<img", timeout=20_000)
    for row in output.locator(".opea-row summary").all():
        row.click()
    page.finished(1)
    assert output.locator(".opea-run img, .opea-run script").count() == 0
    for row in output.locator(".opea-row summary").all():
        row.click()
    expect(output.locator(".opea-answer")).to_have_text(attack)
    assert page.page.evaluate("window.hit") is None


def test_an_interrupted_cell_leaves_a_view_that_says_so(notebook: Open) -> None:
    page = notebook("stop.ipynb", SETUP, "show_run(asking(pace=60), shown);", "3 * 3")
    page.run(0)
    page.finished(0)
    output = page.run(1)
    expect(output.locator('.opea-card[data-state="running"]')).to_be_visible(timeout=20_000)
    page.page.locator(
        'jp-button[data-command="notebook:interrupt-kernel"], [data-command="notebook:interrupt-kernel"]'
    ).first.click()
    expect(output.locator(".opea-headline")).to_contain_text("■ stopped", timeout=20_000)
    page.kernel_idle()
    page.finished(1)
    expect(page.run(2)).to_contain_text("9")


def test_a_saved_run_shows_without_its_kernel(notebook: Open, lab: Lab) -> None:
    page = notebook("saved.ipynb", SETUP, "show_run(asking(pace=0.1), shown);")
    page.run(0)
    page.finished(0)
    output = page.run(1)
    page.finished(1)
    expect(output.locator("details.opea-row")).to_have_count(4)
    page.save()
    lab.stop_kernels()
    again = notebook("saved.ipynb")
    output = again.cell(1).locator(".jp-OutputArea")
    expect(output.locator(".opea-headline")).to_contain_text("✓ done")
    output.locator("details.opea-row summary").nth(1).click()
    expect(output.locator(".opea-json").nth(2)).to_be_visible()
    assert "model not found" not in output.inner_text()


def test_the_saved_result_is_there_in_html_made_by_nbconvert(lab: Lab, tmp_path: Path) -> None:
    lab.write("convert.ipynb", SETUP, "show_run(asking(pace=0.05), shown);")
    command = [sys.executable, "-m", "jupyter", "nbconvert", "--to", "html", "--execute", "--output-dir", str(tmp_path)]
    subprocess.run([*command, "convert.ipynb"], cwd=lab.folder, check=True, capture_output=True, timeout=120)
    html = (tmp_path / "convert.html").read_text(encoding="utf-8")
    assert html.count('<details class="opea-row"') == 4
    assert "nine percent more" in html


def test_the_saved_notebook_holds_html_picture_and_text(lab: Lab, tmp_path: Path) -> None:
    lab.write("kept.ipynb", SETUP, "show_run(asking(pace=0.05), shown);")
    command = [sys.executable, "-m", "jupyter", "nbconvert", "--to", "notebook", "--execute"]
    subprocess.run(
        [*command, "--output-dir", str(tmp_path), "kept.ipynb"],
        cwd=lab.folder,
        check=True,
        capture_output=True,
        timeout=120,
    )
    saved = json.loads((tmp_path / "kept.ipynb").read_text(encoding="utf-8"))
    (output,) = saved["cells"][1]["outputs"]
    assert set(output["data"]) == {"text/html", "image/svg+xml", "text/plain"}


@pytest.mark.parametrize("subshells", ["disabled", "perCommTarget"])
def test_a_run_is_live_in_its_cell_whichever_thread_callbacks_come_on(notebook: Open, lab: Lab, subshells: str) -> None:
    settings = (
        lab.folder / ".home/lab/user-settings/@jupyterlab/apputils-extension/kernels-settings.jupyterlab-settings"
    )
    settings.write_text(json.dumps({"commsOverSubshells": subshells}))
    shutil.copy(ANSWERING, lab.folder)
    heard = "import threading, ipywidgets as w\nheard = []\nb = w.Button(description='where')\n"
    heard += "b.on_click(lambda _: heard.append(threading.current_thread() is threading.main_thread()))\nb"
    try:
        page = notebook(
            f"subshells-{subshells}.ipynb",
            "from answering import answered_by, serving\nservices = serving()\n"
            "app = answered_by(services.__enter__().url).deploy()",
            "app.query('150 words slow');",
            heard,
            "app.down(); print('main thread', heard[-1])",
        )
        page.run(0)
        page.finished(0)
        output = page.run(1)
        expect(output.locator(".opea-answer")).to_contain_text("w3", timeout=20_000)
        output.locator('.opea-card[data-step="embedding"]').click()
        expect(output.locator('.opea-row[data-step="embedding"] .opea-json').first).to_contain_text("150 words slow")
        assert output.locator(".opea-headline").inner_text().startswith("◐ running")
        page.finished(1)
        expect(output.locator(".opea-headline")).to_contain_text("✓ done")
        button = page.run(2).locator("button")
        page.finished(2)
        button.click()
        page.kernel_idle()
        # with subshells it depends on when there is one; without, it is always the cell's own
        expect(page.run(3)).to_contain_text("main thread True" if subshells == "disabled" else "main thread")
        page.finished(3)
    finally:
        settings.unlink()
