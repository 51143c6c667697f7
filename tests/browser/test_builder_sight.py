"""What is seen of a graph that is large, far away, looked at closely, or running."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.canvas import CHATQNA, Open, shown, with_chatqna

if TYPE_CHECKING:
    from conftest import Lab

pytestmark = pytest.mark.slow

ANSWERING = Path(__file__).parents[1] / "notebook" / "builder" / "answering.py"


def test_a_card_tells_its_ports_while_the_pointer_rests_on_it(notebook: Open) -> None:
    canvas = with_chatqna(notebook, "hover")
    tip = canvas.builder.get_by_role("tooltip")
    canvas.page.mouse.move(*canvas.at("retriever"))
    expect(tip).to_contain_text("retriever")
    expect(tip).to_contain_text(re.compile("takes .*gives ", re.DOTALL))
    canvas.page.mouse.move(*canvas.ground(0.5, 0.95))
    expect(tip).to_be_hidden()


def test_a_small_picture_of_the_whole_leads_to_what_is_out_of_sight(notebook: Open) -> None:
    canvas = with_chatqna(notebook, "minimap")
    small = canvas.builder.locator(".opea-minimap")
    expect(small).to_be_hidden()
    canvas.box.focus()
    for _ in range(6):
        canvas.press("+")
    expect(small).to_be_visible()
    frame = small.bounding_box()
    assert frame is not None
    canvas.page.mouse.click(frame["x"] + frame["width"] - 14, frame["y"] + frame["height"] / 2)
    seen = "(() => { const p = cy.$id('n:llm').renderedPosition(); return p.x > 0 && p.x < cy.width(); })()"
    canvas.shows(seen)
    canvas.press("0")
    expect(small).to_be_hidden()


def test_cards_line_up_and_clearing_can_be_undone(notebook: Open) -> None:
    canvas = with_chatqna(notebook, "lines")
    x, y = canvas.at("reranking")
    canvas.drag((x, y), (x + 10, y + 70))
    canvas.until(lambda told: told["places"]["reranking"])
    canvas.press("Control+a")
    canvas.chosen(*CHATQNA)
    canvas.menu(canvas.at("llm"), "Align top")
    told = canvas.until(lambda told: told["undo"].startswith("align top"))
    assert len({place[1] for place in told["places"].values() if place}) == 1
    canvas.builder.locator(".opea-tools .opea-clear-button").click()
    canvas.until(lambda told: told["cards"] == [])
    canvas.builder.locator(".opea-undo").click()
    assert canvas.until(lambda told: told["cards"])["yaml"] == told["yaml"]


def test_a_new_note_is_what_the_next_key_is_about_and_arranging_keeps_groups_and_notes_apart(notebook: Open) -> None:
    canvas = with_chatqna(notebook, "apart")
    canvas.click("retriever")
    canvas.chosen("retriever")
    canvas.press("g")
    canvas.shows("cy.nodes('[type=\"group\"]').length === 1")
    canvas.press("f")
    canvas.until(lambda told: [*told["groups"].values()] == [[["retriever"], True]])
    canvas.page.mouse.move(*canvas.at("llm"))
    canvas.press("n")
    expect(canvas.builder.locator(".opea-field-here")).to_be_focused()
    canvas.type("asks the model")
    canvas.press("Control+Enter")
    canvas.until(lambda told: told["notes"])
    canvas.shows("cy.nodes('[type=\"note\"]:selected').length === 1")
    canvas.press("Shift+ArrowRight")
    canvas.said("resized a note")
    canvas.press("Shift+A")
    canvas.said("arranged")
    canvas.until(lambda told: told["undo"] == "arrange")
    canvas.shows("cy.nodes().every(n => !n.animated())")
    places = "['n:embedding', 'group:group', 'n:reranking', 'n:llm'].map(id => cy.getElementById(id).position())"
    row = canvas.cy(places)
    assert len({place["y"] for place in row}) == 1
    assert [place["x"] for place in row] == sorted(place["x"] for place in row)
    note = canvas.cy("cy.nodes('[type=\"note\"]').boundingBox().y1")
    assert note > row[-1]["y"] + 26
    canvas.press("Delete")
    canvas.until(lambda told: told["notes"] == [] and len(told["cards"]) == 4)


def test_it_fills_the_screen_and_goes_back(notebook: Open) -> None:
    canvas = with_chatqna(notebook, "full")
    button = canvas.builder.locator(".opea-full-button")
    before = canvas.box.bounding_box()
    button.click()
    expect(canvas.builder).to_have_class(re.compile(r"\bopea-full\b"))
    canvas.page.wait_for_function(
        "el => el.getBoundingClientRect().width >= innerWidth - 2", arg=canvas.builder.element_handle()
    )
    high = "([el, most]) => el.getBoundingClientRect().height > 440 && el.getBoundingClientRect().bottom <= most"
    canvas.page.wait_for_function(high, arg=[canvas.box.element_handle(), 1000])
    canvas.cards(*CHATQNA)
    canvas.click("llm")
    canvas.chosen("llm")
    canvas.press("Shift+F")
    expect(canvas.builder).not_to_have_class(re.compile(r"\bopea-full\b"))
    canvas.page.wait_for_function(
        "([el, width]) => Math.abs(el.getBoundingClientRect().width - width) < 2",
        arg=[canvas.box.element_handle(), before["width"] if before else 0],
    )
    canvas.menu(canvas.ground(0.5, 0.9), "Open in a tab")
    expect(canvas.builder.locator(".opea-hint")).to_contain_text("Create New View for Cell Output")


def test_a_run_is_painted_on_the_cards_and_a_click_shows_request_and_response(notebook: Open, lab: Lab) -> None:
    shutil.copy(ANSWERING, lab.folder)
    lines = ("from answering import answered_by, serving", "services = serving()")
    canvas = shown(notebook, "painted", *lines, "p = answered_by(services.__enter__().url)")
    root = canvas.builder
    root.locator(".opea-deploy-button").click()
    expect(root.locator(".opea-deploy-state")).to_contain_text("running", timeout=60_000)
    root.locator(".opea-ask input").fill("400 words slow")
    root.locator(".opea-ask input").press("Enter")
    canvas.shows("cy.$id('n:embedding').hasClass('done') && cy.$id('n:llm').hasClass('running')")
    card = "decodeURIComponent(String(cy.$id(given[0]).style('background-image')))"
    items = root.locator(".opea-outline [role=option]")
    expect(items.first).to_contain_text("done")
    expect(items.last).to_contain_text("running")
    root.locator(".opea-cancel-button").click()
    expect(root.locator(".opea-turn").last).to_have_attribute("data-state", "stopped", timeout=20_000)
    root.locator(".opea-ask input").fill("again")
    root.locator(".opea-ask input").press("Enter")
    expect(root.locator(".opea-turn").last).to_have_attribute("data-state", "done", timeout=20_000)
    canvas.shows("cy.nodes('.done').length === 2")
    canvas.shows(f"/\\d ms|\\d s/.test({card})", "n:llm")
    canvas.box.scroll_into_view_if_needed()
    canvas.click("llm")
    row = root.locator('.opea-run-box .opea-row[data-step="llm"]')
    expect(row).to_have_attribute("open", "")
    expect(row.locator(".opea-json").first).to_contain_text("again")
    expect(row.locator(".opea-json").last).to_contain_text("hello")
    root.locator(".opea-stop-button").click()
    expect(root.locator(".opea-deploy-state")).to_contain_text("not deployed", timeout=30_000)
