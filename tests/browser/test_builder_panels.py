"""What stands around the canvas: palette, form, YAML, problems, files, notes and groups."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.canvas import CHAIN, CHATQNA, Open, shown, with_chatqna

pytestmark = pytest.mark.slow

DROP = """([text, x, y]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], "dropped.yaml"));
  const target = document.elementFromPoint(x, y);
  for (const kind of ["dragover", "drop"])
    target.dispatchEvent(
      new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: data, clientX: x, clientY: y }));
}"""


def test_yaml_is_marked_at_its_line_applied_with_places_kept_and_compared(notebook: Open) -> None:
    canvas = with_chatqna(notebook, "yaml")
    x, y = canvas.at("llm")
    canvas.drag((x, y), (x, y + 70))
    canvas.said("moved llm")
    place = canvas.until(lambda told: told["places"]["llm"])["places"]["llm"]
    canvas.tab("YAML")
    text, error = canvas.builder.locator(".opea-yaml textarea"), canvas.builder.locator(".opea-yaml-error")
    expect(text).to_have_value(re.compile("reranking >> llm"))
    good, before = text.input_value(), canvas.told()
    text.fill(good.replace("reranking >> llm", "reranking >> lm"))
    canvas.builder.locator(".opea-apply").click()
    line = 1 + next(at for at, row in enumerate(good.splitlines()) if "reranking >> llm" in row)
    expect(error).to_contain_text(f"line {line}")
    assert canvas.told() == before
    text.fill(good.replace("port: 9000", "port: 9001"))
    canvas.builder.locator(".opea-apply").click()
    after = canvas.until(lambda told: "port: 9001" in told["yaml"])
    assert after["places"]["llm"] == place
    expect(error).to_have_text("")
    canvas.builder.locator(".opea-diff-button").click()
    changes = canvas.builder.locator(".opea-changes")
    expect(changes).to_contain_text("llm")
    expect(changes).not_to_contain_text("position")


def test_the_form_takes_what_is_sound_refuses_the_rest_with_its_reason_and_keeps_the_focus(notebook: Open) -> None:
    canvas = with_chatqna(notebook, "form")
    canvas.click("reranking")
    field = canvas.builder.locator(".opea-inspector .opea-field", has_text="top_n").locator("input")
    field.fill("2")
    field.press("Enter")
    canvas.until(lambda told: told["parameters"]["reranking"] == {"top_n": 2})
    field.fill("many")
    field.press("Enter")
    expect(canvas.builder.locator(".opea-inspector [role=alert]")).to_contain_text("top_n")
    assert canvas.told()["parameters"]["reranking"] == {"top_n": 2}
    canvas.builder.locator(".opea-undo").click()
    canvas.until(lambda told: told["parameters"]["reranking"] == {})


def test_a_problem_is_on_its_card_in_the_list_and_ended_by_its_button(notebook: Open) -> None:
    canvas = with_chatqna(notebook, "problem", "p.disconnect('reranking', 'llm')")
    canvas.shows("cy.nodes('.problem, .warning').nonempty()")
    canvas.tab("Problems")
    fix = canvas.builder.locator(".opea-problem .opea-fix").first
    before = canvas.told()["undo"]
    fix.click()
    canvas.said("fixed")
    canvas.until(lambda told: told["undo"] != before)


def test_files_are_saved_changed_by_themselves_and_opened_again(notebook: Open) -> None:
    canvas = with_chatqna(notebook, "files")
    canvas.tab("Files")
    files, file = canvas.builder.locator(".opea-files"), canvas.file.with_name("kept.yaml")
    path = files.locator("input[type=text]").first
    path.fill("kept.yaml")
    path.press("Tab")
    files.locator(".opea-save-as").click()
    canvas.said("saved to kept.yaml")
    assert "reranking >> llm" in file.read_text()
    files.locator(".opea-autosave input").check()
    canvas.said("written a second after")
    canvas.click("reranking")
    canvas.press("Delete")
    canvas.until(lambda told: "reranking" not in told["cards"])
    for _ in range(200):
        if "reranking" not in file.read_text():
            break
        canvas.page.wait_for_timeout(50)
    assert "reranking" not in file.read_text()
    files.locator(".opea-autosave input").uncheck()
    canvas.builder.locator(".opea-undo").click()
    canvas.until(lambda told: "reranking" in told["cards"])
    files.locator(".opea-open").click()
    canvas.until(lambda told: "reranking" not in told["cards"])


def test_an_empty_canvas_offers_templates_and_takes_a_file_that_is_dropped_on_it(notebook: Open) -> None:
    canvas = shown(notebook, "begin")
    templates = canvas.builder.locator(".opea-empty .opea-template")
    expect(templates).to_have_count(3)
    templates.first.click()
    told = canvas.until(lambda told: told["cards"])
    assert told["undo"] == "open the template chatqna"
    canvas.builder.locator(".opea-undo").click()
    canvas.until(lambda told: not told["cards"])
    expect(templates.first).to_be_visible()
    canvas.page.evaluate(DROP, [told["yaml"], *canvas.ground(0.5, 0.95)])
    canvas.until(lambda now: now["cards"] == told["cards"])
    canvas.said("opened dropped.yaml")


def test_notes_and_groups_are_made_changed_folded_and_undone(notebook: Open) -> None:
    canvas = with_chatqna(notebook, "board")
    field = canvas.builder.locator(".opea-field-here")
    canvas.menu(canvas.ground(0.5, 0.9), "Note")
    expect(field).to_be_focused()
    canvas.type("ask the library first")
    canvas.press("Control+Enter")
    canvas.until(lambda told: told["notes"] == ["ask the library first"])
    canvas.shows("cy.nodes('[type=\"note\"]').length === 1")
    canvas.click("embedding")
    canvas.press("Control+a", "g")
    canvas.until(lambda told: [*told["groups"].values()] == [[sorted(CHATQNA), False]])
    canvas.press("Escape")
    name = next(iter(canvas.told()["groups"]))
    canvas.builder.locator(".opea-pick select").select_option(label="embedding")
    canvas.builder.get_by_role("button", name="Fold", exact=True).click()
    canvas.until(lambda told: told["groups"][name][1])
    canvas.shows("cy.nodes('[type=\"node\"]:visible').empty()")
    canvas.builder.locator(".opea-undo").click()
    canvas.until(lambda told: not told["groups"][name][1])
    canvas.shows("cy.nodes('[type=\"node\"]:visible').length === 4")


def test_places_stay_until_arranging_is_asked_for_which_is_one_step(notebook: Open) -> None:
    canvas = with_chatqna(notebook, "arranged")
    x, y = canvas.at("llm")
    there = canvas.at("embedding")[0], y + 130
    canvas.drag((x, y), there)
    canvas.until(lambda told: told["places"]["llm"])
    canvas.builder.locator(".opea-entry.opea-kind-guardrails").click()
    canvas.cards(*CHATQNA, "guardrails")
    assert canvas.at("llm") == pytest.approx(there, abs=4)
    canvas.builder.locator(".opea-arrange-button").click()
    told = canvas.until(lambda told: told["undo"].startswith("arrange"))
    canvas.shows("cy.$id('n:llm').position('x') > cy.$id('n:reranking').position('x')")
    assert told["edges"] == CHAIN
    canvas.builder.locator(".opea-undo").click()
    canvas.until(lambda told: told["redo"].startswith("arrange"))
    canvas.cards(*CHATQNA, "guardrails")
    assert canvas.at("llm") == pytest.approx(there, abs=4)
