"""The Builder in a page that may not run the script of its gestures: ordinary widgets do every edit."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.canvas import CHATQNA, CHATQNA_THERE, Canvas, Open, opening
from tests.browser.conftest import Lab

pytestmark = pytest.mark.slow


def drawn(canvas: Canvas, *names: str) -> None:
    """Wait until the plain canvas shows these cards."""
    canvas.shows("cy.nodes().map(n => n.data('name')).sort().join() === given[0]", ",".join(sorted(names)))


def button(root: Locator, name: str) -> Locator:
    return root.locator(".opea-inspector").get_by_role("button", name=name, exact=True)


def test_where_policy_forbids_the_script_the_canvas_shows_and_every_edit_is_possible(
    notebook: Open, lab_with_strict_policy: Lab
) -> None:
    server = lab_with_strict_policy
    page = notebook("plain.ipynb", opening("plain", CHATQNA_THERE), server=server)
    output = page.run(0)
    page.finished(0)
    root = output.locator(".opea-builder")
    canvas = Canvas(page.page, root, server.folder / "plain.told")
    # Python waits for an answer of the page for longer than `said` does
    expect(root.locator(".opea-status")).to_contain_text("cannot load the canvas's gestures", timeout=30_000)
    drawn(canvas, *CHATQNA)
    opened = canvas.told()
    expect(root.locator(".jupyter-widgets-error-widget:visible")).to_have_count(0)
    expect(root.locator(".opea-full-button, .opea-help-button").first).to_be_hidden()

    root.locator(".opea-entry.opea-kind-guardrails").click()
    drawn(canvas, *CHATQNA, "guardrails")
    root.locator(".opea-pick select").select_option(label="llm")
    root.locator(".opea-inspector select").filter(has_text="choose a target").select_option(label="guardrails")
    button(root, "Connect").click()
    canvas.until(lambda told: ["llm", "guardrails"] in told["edges"])
    canvas.shows("cy.edges().length === 4")

    root.locator(".opea-pick select").select_option(label="reranking")
    expect(root.locator(".opea-rename input")).to_have_value("reranking")
    field = root.locator(".opea-inspector .opea-field", has_text="top_n").locator("input")
    field.fill("2")
    field.press("Enter")
    canvas.until(lambda told: told["parameters"]["reranking"] == {"top_n": 2})
    name = root.locator(".opea-rename input")
    name.fill("sorting")
    name.press("Enter")
    canvas.until(lambda told: "sorting" in told["cards"])
    expect(root.locator(".opea-rename input")).to_have_value("sorting")
    button(root, "Delete").click()
    drawn(canvas, "embedding", "retriever", "llm", "guardrails")

    canvas.box.scroll_into_view_if_needed()
    start = canvas.at("llm", table=canvas.cy("cy.nodes('[name=\"llm\"]').id().split(':')[0]"))
    canvas.drag(start, (start[0], start[1] + 60))
    canvas.until(lambda told: told["places"]["llm"])
    cells = page.page.locator(".jp-Notebook .jp-Cell")
    source = cells.first.locator(".cm-content").inner_text()
    for _ in range(6):
        undone = canvas.told()["undo"]
        root.locator(".opea-undo").click()
        canvas.until(lambda told, undone=undone: told["redo"] == undone)
    assert canvas.told()["undo"] == opened["undo"]
    expect(cells).to_have_count(1)
    assert cells.first.locator(".cm-content").inner_text() == source
    drawn(canvas, *CHATQNA)
    page.complaints.clear()  # the policy's own, and ipycytoscape's about edges that it has already
