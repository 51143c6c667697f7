"""The Builder by keyboard alone, as it is without a pointer and for those who hear the page."""

from __future__ import annotations

import itertools
import re

import pytest
from playwright.sync_api import expect

from tests.browser.canvas import CHAIN, CHATQNA, Canvas, Open, shown, with_chatqna

pytestmark = pytest.mark.slow


def walk_to(canvas: Canvas, name: str) -> None:
    """Go with the Tab key until the screen reader's list says that this card has the keyboard."""
    here = canvas.builder.locator('.opea-outline [aria-selected="true"]')
    for key in ("Tab",) * 6 + ("Shift+Tab",) * 12:
        told = here.all_inner_texts()  # looked at once: an answer on its way may take the card that has the keyboard
        if len(told) == 1 and told[0].startswith(f"{name},"):
            return
        canvas.press(key)
        if not canvas.box.evaluate("el => el === document.activeElement"):
            canvas.box.focus()
            continue
        for _ in range(100):
            if here.all_inner_texts() != told:
                break
            canvas.page.wait_for_timeout(20)
    raise AssertionError(f"Tab never came to {name}")


def test_chatqna_is_built_from_an_empty_canvas_undone_to_nothing_and_redone(notebook: Open) -> None:
    canvas = shown(notebook, "keys")
    canvas.box.focus()
    search = canvas.builder.locator(".opea-search input")
    for kind in CHATQNA[:3]:
        canvas.press("a")
        expect(canvas.builder.locator(".opea-chooser input")).to_be_focused()
        canvas.type(kind)
        canvas.press("Enter")
        canvas.until(lambda told, kind=kind: kind in told["cards"])
        expect(canvas.box).to_be_focused()
    canvas.press("/")
    expect(search).to_be_focused()
    canvas.type("llm")
    canvas.press("Enter")
    canvas.until(lambda told: "llm" in told["cards"])
    expect(search).to_have_value("")
    canvas.type("reranking")  # leaves few entries between the search and the canvas
    expect(canvas.builder.locator(".opea-entries.opea-found")).to_be_visible()
    for _ in range(20):
        canvas.press("Tab")
        if canvas.box.evaluate("el => el === document.activeElement"):
            break
    expect(canvas.box).to_be_focused()
    canvas.cards(*CHATQNA)
    for source, target in itertools.pairwise(CHATQNA):
        walk_to(canvas, source)
        canvas.press("c")
        canvas.type(target)
        expect(canvas.builder.locator(".opea-choice")).to_have_count(1)
        canvas.press("Enter")
        canvas.until(lambda told, edge=[source, target]: edge in told["edges"])
    built = canvas.until(lambda told: told["edges"] == CHAIN)
    for _ in range(7):
        undone = canvas.told()["undo"]
        canvas.press("Control+z")
        canvas.until(lambda told, undone=undone: told["redo"] == undone)
    assert canvas.told()["cards"] == []
    for _ in range(7):
        redone = canvas.told()["redo"]
        canvas.press("Control+Shift+z")
        canvas.until(lambda told, redone=redone: told["undo"] == redone)
    assert canvas.told()["yaml"] == built["yaml"]


def test_cards_are_walked_moved_renamed_copied_deleted_and_joined(notebook: Open) -> None:
    canvas = with_chatqna(notebook, "keys-edit")
    canvas.box.focus()
    walk_to(canvas, "retriever")
    canvas.press("ArrowDown", "ArrowDown", "Alt+ArrowDown", "F2")
    field = canvas.builder.locator(".opea-field-here")
    expect(field).to_be_focused()
    canvas.type("finder")
    canvas.press("Enter")
    told = canvas.until(lambda told: "finder" in told["cards"])
    assert told["places"]["finder"]
    expect(canvas.box).to_be_focused()
    canvas.cards("embedding", "finder", "reranking", "llm")
    canvas.chosen("finder")
    canvas.press("Control+d")
    twice = canvas.until(lambda told: len(told["cards"]) == 5)
    (copy,) = {*twice["cards"]} - {"embedding", "finder", "reranking", "llm"}
    canvas.chosen(copy)
    canvas.press("Delete")
    canvas.cards("embedding", "finder", "reranking", "llm")
    walk_to(canvas, "finder")
    canvas.press("Shift+Delete")
    # The page is behind Python: it must have shown three before the four are those of the undo.
    canvas.cards("embedding", "reranking", "llm")
    canvas.press("Control+z")
    canvas.cards("embedding", "finder", "reranking", "llm")
    canvas.press("Control+a")
    canvas.chosen("embedding", "finder", "llm", "reranking")
    canvas.press("g")
    canvas.until(lambda told: [*told["groups"].values()] == [[["embedding", "finder", "llm", "reranking"], False]])


def test_the_graph_is_heard_as_a_list_and_each_change_is_said(notebook: Open) -> None:
    canvas = with_chatqna(notebook, "heard")
    items = canvas.builder.locator(".opea-outline [role=option]")
    expect(items).to_have_count(4)
    expect(items.nth(1)).to_contain_text(re.compile("^retriever, service, after embedding, before reranking"))
    expect(canvas.box).to_have_attribute("role", "application")
    expect(canvas.box).to_have_attribute("aria-label", re.compile("4 cards, 3 connections"))
    canvas.box.focus()
    walk_to(canvas, "retriever")
    current = canvas.box.get_attribute("aria-activedescendant")
    expect(canvas.page.locator(f"#{current}")).to_contain_text("retriever,")
    canvas.press("Control+d")
    live = canvas.builder.locator('.opea-status [role="status"][aria-live="polite"]')
    expect(live).to_contain_text("duplicated retriever")
    expect(items).to_have_count(5)
    canvas.press("Control+z")
    expect(live).to_contain_text("undo: duplicate retriever")
    canvas.press("?")
    keys = canvas.builder.get_by_role("dialog", name="Keys and gestures")
    expect(keys).to_contain_text("Connect to")
    expect(keys).to_contain_text("drag from the card's right edge")
    canvas.press("Escape")
    expect(keys).to_have_count(0)


def test_no_key_in_the_graph_touches_the_notebooks_cells_until_escape_leaves_it(notebook: Open) -> None:
    canvas = with_chatqna(notebook, "keys-stay")
    cells = canvas.page.locator(".jp-Notebook .jp-Cell")
    source = cells.first.locator(".cm-content").inner_text()
    canvas.click("llm")
    canvas.chosen("llm")
    for key in ("x", "d", "d", "b", "m", "y", "z", "ArrowDown", "ArrowUp", "j", "k", "Shift+m", "Control+Enter"):
        canvas.press(key)
    canvas.press("Delete")
    canvas.until(lambda told: told["cards"] == ["embedding", "reranking", "retriever"])
    canvas.builder.locator(".opea-undo").focus()
    canvas.press("x", "d", "d")
    expect(cells).to_have_count(1)
    assert cells.first.locator(".cm-content").inner_text() == source
    canvas.box.focus()
    canvas.press("Escape", "b")
    expect(cells).to_have_count(2)
