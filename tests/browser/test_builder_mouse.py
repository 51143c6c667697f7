"""The Builder by mouse alone: from an empty canvas to a pipeline."""

from __future__ import annotations

import itertools

import pytest
from playwright.sync_api import expect

from tests.browser.canvas import CHAIN, CHATQNA, CHATQNA_THERE, Open, shown, with_chatqna

pytestmark = pytest.mark.slow


def test_chatqna_is_built_from_an_empty_canvas_undone_to_nothing_and_redone(notebook: Open) -> None:
    canvas = shown(notebook, "mouse")
    canvas.builder.locator(".opea-start-empty").click()
    places = {name: canvas.ground(0.2 + 0.4 * (at % 2), 0.25 + 0.4 * (at // 2)) for at, name in enumerate(CHATQNA)}
    for kind, place in places.items():
        canvas.drop(kind, place)
        canvas.until(lambda told, kind=kind: kind in told["cards"])
    canvas.cards(*CHATQNA)
    for name, place in places.items():
        assert canvas.at(name) == pytest.approx(place, abs=4)
    for source, target in itertools.pairwise(CHATQNA):
        canvas.wire(source, canvas.at(target))
        canvas.until(lambda told, edge=[source, target]: edge in told["edges"])
    built = canvas.until(lambda told: told["edges"] == CHAIN)
    undo, redo = canvas.builder.locator(".opea-undo"), canvas.builder.locator(".opea-redo")
    for _ in range(7):
        before = canvas.told()["undo"]
        expect(undo).to_have_attribute("title", f"Undo: {before}")
        undo.click()
        canvas.until(lambda told, before=before: told["redo"] == before)
    empty = canvas.told()
    assert (empty["cards"], empty["undo"]) == ([], "")
    canvas.cards()
    for _ in range(7):
        before = canvas.told()["redo"]
        redo.click()
        canvas.until(lambda told, before=before: told["undo"] == before)
    assert canvas.told()["yaml"] == built["yaml"]
    canvas.cards(*CHATQNA)


def test_a_wire_lights_what_fits_refuses_the_rest_with_its_reason_and_asks_in_the_void(notebook: Open) -> None:
    canvas = shown(notebook, "wires", CHATQNA_THERE, "p.add('tts')")
    canvas.cards(*CHATQNA, "tts")
    mouse = canvas.page.mouse
    mouse.move(*canvas.grasp("llm"))
    mouse.down()
    mouse.move(*canvas.at("reranking", dx=0.5), steps=6)
    canvas.shows("cy.getElementById('n:embedding').hasClass('dimmed')")
    canvas.shows("cy.nodes('.lit').map(n => n.data('name')).join() === 'tts'")
    mouse.move(*canvas.at("embedding"), steps=6)
    hint = canvas.builder.locator(".opea-hint")
    expect(hint).to_contain_text("embedding")
    mouse.up()
    expect(hint).to_be_visible()
    assert canvas.told()["edges"] == CHAIN
    canvas.shows("cy.elements('.dimmed, .lit, .eh-ghost').empty()")
    canvas.wire("llm", canvas.ground(0.6, 0.85))
    chooser = canvas.builder.locator(".opea-chooser")
    chooser.locator(".opea-choice", has_text="Guardrails").first.click()
    canvas.until(lambda told: ["llm", "guardrails"] in told["edges"])
    canvas.cards(*CHATQNA, "tts", "guardrails")


def test_cards_are_moved_together_duplicated_deleted_and_joined(notebook: Open) -> None:
    canvas = with_chatqna(notebook, "together")
    before = canvas.told()["yaml"]
    x, y = canvas.at("reranking")
    canvas.drag((x, y), (x, y + 60))
    moved = canvas.until(lambda told: told["places"]["reranking"])
    assert moved["undo"] == "move reranking"
    page = canvas.page
    page.keyboard.down("Shift")
    canvas.drag(canvas.at("embedding", -1.2, -1.5), canvas.at("retriever", 1.1, 1.5))
    page.keyboard.up("Shift")
    canvas.chosen("embedding", "retriever")
    canvas.menu(canvas.at("embedding"), "Duplicate")
    canvas.cards(*CHATQNA, "embedding_2", "retriever_2")
    twice = canvas.until(lambda told: ["embedding_2", "retriever_2"] in told["edges"])
    assert twice["undo"].startswith("duplicate")
    canvas.chosen("embedding_2", "retriever_2")
    canvas.menu(canvas.at("retriever_2"), "Delete")
    canvas.cards(*CHATQNA)
    canvas.menu(canvas.at("reranking"), "Delete and join the neighbours")
    canvas.cards("embedding", "retriever", "llm")
    canvas.until(lambda told: ["retriever", "llm"] in told["edges"])
    for _ in range(4):
        undone = canvas.told()["undo"]
        canvas.builder.locator(".opea-undo").click()
        canvas.until(lambda told, undone=undone: told["redo"] == undone)
    assert canvas.told()["yaml"] == before
