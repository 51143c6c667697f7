"""Deploying, asking, and looking into runs in the Builder, all through the page."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, expect

if TYPE_CHECKING:
    from conftest import Lab, NotebookPage

pytestmark = pytest.mark.slow

Open = Callable[..., "NotebookPage"]
ANSWERING = Path(__file__).parents[1] / "notebook" / "builder" / "answering.py"

CHATQNA = """
import opea_nb
p = opea_nb.Pipeline("chatqna")
steps = [p.add(kind) for kind in ("embedding", "retriever", "reranking", "llm")]
p.connect_all(zip(steps, steps[1:]))
p.update("llm", parameters={"max_tokens": 16})
p.add("dataprep")
builder = opea_nb.Builder(p)
builder
"""
STUBS = """
import opea_nb
from answering import answered_by, serving
services = serving()
p = answered_by(services.__enter__().url)
builder = opea_nb.Builder(p)
builder
"""
STATES = "print('states', sorted(builder._session.states.items()), 'selected', builder._session.one)"
CLOSE = "builder.close(); print('left', opea_nb.deployments())"


@pytest.fixture(autouse=True)
def _answering(lab: Lab) -> None:
    shutil.copy(ANSWERING, lab.folder)


def opened(page: NotebookPage) -> Locator:
    builder = page.run(0).locator(".opea-builder")
    page.finished(0)
    expect(builder.locator(".opea-conversation")).to_be_visible(timeout=30_000)
    return builder


def deployed(page: NotebookPage) -> Locator:
    builder = opened(page)
    builder.locator(".opea-deploy-button").click()
    expect(builder.locator(".opea-deploy-state")).to_contain_text("running", timeout=120_000)
    return builder


def ask(builder: Locator, text: str, key: str = "Enter") -> None:
    field = builder.locator(".opea-ask input")
    field.fill(text)
    field.press(key)


def last(builder: Locator) -> Locator:
    return builder.locator(".opea-turn").last


def tab(builder: Locator, name: str) -> None:
    builder.locator(".opea-tabs .lm-TabBar-tab", has_text=name).first.click()


def test_chatqna_is_deployed_fed_asked_and_stopped_by_mouse(notebook: Open) -> None:
    page = notebook("builder-run.ipynb", CHATQNA, STATES, CLOSE)
    builder = deployed(page)
    expect(page.run(1)).to_contain_text("('llm', 'ready')")
    page.finished(1)
    with page.page.expect_file_chooser() as chooser:
        builder.locator(".opea-feed").click()
    text = b"The lighthouse of Harburg was painted green in 1931."
    chooser.value.set_files({"name": "lighthouse.txt", "mimeType": "text/plain", "buffer": text})
    expect(builder.locator(".opea-feeding")).to_contain_text("in the store: lighthouse.txt", timeout=30_000)
    ask(builder, "What colour is the lighthouse?")
    expect(last(builder)).to_have_attribute("data-state", re.compile("done|failed"), timeout=120_000)
    expect(last(builder)).to_have_attribute("data-state", "done")
    expect(last(builder).locator(".opea-turn-note")).to_contain_text("4 steps")
    expect(builder.locator('.opea-run-box .opea-row[data-state="done"]')).to_have_count(4)
    builder.locator('.opea-run-box .opea-row[data-step="retriever"] summary').click()
    row = builder.locator('.opea-run-box .opea-row[data-step="retriever"]')
    expect(row.locator(".opea-json").nth(1)).to_contain_text("painted green")
    expect(page.run(1)).to_contain_text("('llm', 'done')")
    expect(page.cell(1)).to_contain_text("selected retriever")
    page.finished(1)
    builder.locator(".opea-stop-button").click()
    expect(builder.locator(".opea-deploy-state")).to_contain_text("not deployed", timeout=30_000)
    expect(page.run(2)).to_contain_text("left ()")
    page.finished(2)


def test_an_answer_streams_and_can_be_stopped(notebook: Open) -> None:
    page = notebook("builder-stream.ipynb", STUBS, STATES, CLOSE)
    builder = deployed(page)
    ask(builder, "400 words slow", "Control+Enter")
    answer = last(builder).locator(".opea-said-back")
    expect(answer).to_contain_text("w0 w1 w2")
    expect(last(builder)).to_have_attribute("data-state", "running")
    expect(page.run(1)).to_contain_text("[('embedding', 'done'), ('llm', 'running')]")
    before = answer.inner_text()
    page.page.wait_for_function("([a, n]) => a.innerText.length > n", arg=[answer.element_handle(), len(before)])
    builder.locator(".opea-cancel-button").click()
    expect(last(builder)).to_have_attribute("data-state", "stopped", timeout=10_000)
    expect(answer).to_contain_text("w0 w1 w2")
    expect(builder.locator(".opea-ask-button")).to_be_enabled()
    ask(builder, "again")
    expect(last(builder).locator(".opea-said-back")).to_have_text("hello world", timeout=20_000)
    expect(builder.locator(".opea-turn")).to_have_count(2)
    page.run(2)
    page.finished(2)


def test_enter_sends_all_that_was_typed_and_never_runs_the_cell(notebook: Open) -> None:
    page = notebook("builder-enter.ipynb", STUBS, CLOSE)
    builder = deployed(page)
    prompt = page.cell(0).locator(".jp-InputPrompt").inner_text()
    text = "echo " + "abcdefghij" * 6
    field = builder.locator(".opea-ask input")
    for key in ("Enter", "Control+Enter"):
        field.focus()
        page.page.keyboard.type(text)  # as fast as it goes: Enter must not overtake the text
        page.page.keyboard.press(key)
        expect(last(builder).locator(".opea-asked")).to_have_text(text)
        expect(last(builder)).to_have_attribute("data-state", "done", timeout=20_000)
        expect(field).to_have_value("")
        expect(builder.locator(".opea-ask-button")).to_be_enabled()
    expect(builder.locator(".opea-turn")).to_have_count(2)
    assert page.cell(0).locator(".jp-InputPrompt").inner_text() == prompt
    page.run(1)
    page.finished(1)


def test_a_reader_who_scrolled_up_stays_there_while_the_answer_streams(notebook: Open) -> None:
    page = notebook("builder-scroll.ipynb", STUBS, CLOSE)
    builder = deployed(page)
    ask(builder, "600 words")
    expect(last(builder)).to_have_attribute("data-state", "done", timeout=20_000)
    ask(builder, "3000 words slow")
    expect(last(builder).locator(".opea-said-back")).to_contain_text("w5")
    box = builder.locator(".opea-conversation")
    box.evaluate("box => { box.scrollTop = 40 }")
    shown = last(builder).locator(".opea-said-back").inner_text()
    page.page.wait_for_function(
        "([a, n]) => a.innerText.length > n + 200",
        arg=[last(builder).locator(".opea-said-back").element_handle(), len(shown)],
    )
    assert box.evaluate("box => box.scrollTop") == 40
    box.evaluate("box => { box.scrollTop = box.scrollHeight }")
    expect(last(builder).locator(".opea-said-back")).to_contain_text("w120", timeout=30_000)
    assert box.evaluate("box => box.scrollHeight - box.scrollTop - box.clientHeight") < 24
    page.run(1)
    page.finished(1)


def test_a_failing_step_says_why_and_leads_to_its_log(notebook: Open) -> None:
    page = notebook("builder-fail.ipynb", STUBS, STATES, CLOSE)
    builder = deployed(page)
    ask(builder, "fail please")
    expect(last(builder)).to_have_attribute("data-state", "failed", timeout=20_000)
    expect(builder.locator(".opea-trouble")).to_contain_text("llm")
    row = builder.locator('.opea-run-box .opea-row[data-step="llm"]')
    expect(row).to_have_attribute("open", "")
    expect(row.locator(".opea-error")).to_contain_text("the disk is on fire")
    expect(page.run(1)).to_contain_text("('llm', 'failed')")
    expect(page.cell(1)).to_contain_text("selected llm")
    builder.locator(".opea-trouble button", has_text="Ask again").click()
    expect(builder.locator(".opea-turn")).to_have_count(2)
    page.run(2)
    page.finished(2)


def test_logs_follow_the_selected_service(notebook: Open) -> None:
    page = notebook("builder-logs.ipynb", CHATQNA, "builder._session.select('embedding')", CLOSE)
    builder = deployed(page)
    tab(builder, "Logs")
    page.run(1)
    page.finished(1)
    expect(builder.locator(".opea-log-service select")).to_have_value("embedding")
    builder.locator(".opea-log-service select").select_option("gateway")
    expect(builder.locator(".opea-log")).to_have_attribute("aria-label", "Log of gateway")
    page.run(2)
    page.finished(2)


def test_editing_after_the_deployment_offers_to_redeploy(notebook: Open) -> None:
    page = notebook("builder-drift.ipynb", STUBS, "p.update('llm', parameters={'max_tokens': 5})", CLOSE)
    builder = deployed(page)
    expect(builder.locator(".opea-drift")).to_be_hidden()
    page.run(1)
    page.finished(1)
    expect(builder.locator(".opea-drift")).to_contain_text("changed llm")
    builder.locator(".opea-drift button", has_text="Redeploy").click()
    expect(builder.locator(".opea-drift")).to_be_hidden(timeout=60_000)
    expect(builder.locator(".opea-deploy-state")).to_contain_text("running", timeout=60_000)
    page.run(2)
    page.finished(2)


def test_a_kernel_that_ends_takes_the_deployment_along(notebook: Open, lab: Lab) -> None:
    page = notebook("builder-end.ipynb", STUBS, CLOSE)
    deployed(page)
    folder = lab.folder / ".home" / "opea_nb" / "deployments" / "answered"
    assert folder.exists()
    lab.stop_kernels()
    for _ in range(100):
        if not folder.exists():
            break
        page.page.wait_for_timeout(200)
    assert not folder.exists()


def test_hostile_questions_answers_and_names_are_text(notebook: Open) -> None:
    attack = '<img src=x onerror="window.hit=1"> echo'
    page = notebook("builder-hostile.ipynb", STUBS, CLOSE)
    builder = deployed(page)
    ask(builder, attack)
    expect(last(builder).locator(".opea-said-back")).to_have_text(attack, timeout=20_000)
    ask(builder, f"fail {attack}")
    expect(last(builder)).to_have_attribute("data-state", "failed", timeout=20_000)
    for row in builder.locator(".opea-run-box .opea-row summary").all():
        row.click()
    assert builder.locator(".opea-tabs img, .opea-notices img").count() == 0
    assert page.page.evaluate("window.hit") is None
    page.run(1)
    page.finished(1)
