"""The Builder in a real notebook."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, expect

if TYPE_CHECKING:
    from conftest import NotebookPage

pytestmark = pytest.mark.slow

Open = Callable[..., "NotebookPage"]

OPEN = """
from opea_nb import Builder, Pipeline
p = Pipeline("chatqna")
builder = Builder(p)
builder
"""
SHOW = "print(p.to_yaml().splitlines()[-1].strip(), [*p.services])"


def opened(page: NotebookPage) -> Locator:
    output = page.run(0)
    page.finished(0)
    builder = output.locator(".opea-builder")
    expect(builder.locator(".opea-canvas canvas").first).to_be_visible(timeout=30_000)
    return builder


def add(builder: Locator, title: str) -> None:
    builder.locator(".opea-entry", has_text=title).first.click()


def connect(builder: Locator, source: str, target: str) -> None:
    builder.locator(".opea-inspector > .widget-dropdown select").select_option(label=source)
    expect(builder.locator(".opea-rename input")).to_have_value(source)
    chooser = builder.locator(".opea-target select")
    expect(chooser.locator("option", has_text=target)).to_have_count(1)
    chooser.select_option(label=target)
    builder.locator(".opea-connect").click()
    expect(builder.locator(".opea-link", has_text=f"{source} → {target}")).to_be_visible()


def test_chatqna_is_built_from_nothing_with_ordinary_widgets_and_python_has_it(notebook: Open) -> None:
    page = notebook("build.ipynb", OPEN, SHOW)
    builder = opened(page)
    for title in ("Embedding", "Retriever", "Reranking", "LLM"):
        add(builder, title)
        expect(builder.locator(".opea-rename input")).to_have_value(title.lower())
    for source, target in (("embedding", "retriever"), ("retriever", "reranking"), ("reranking", "llm")):
        connect(builder, source, target)
    expect(page.run(1)).to_contain_text("- embedding >> retriever >> reranking >> llm")
    cy = "document.querySelector('.opea-canvas')._cyreg.cy"
    assert page.page.evaluate(f"{cy}.nodes().map(n => n.id()).sort().join(' ')") == "embedding llm reranking retriever"
    xs = page.page.evaluate(f"['embedding', 'retriever', 'reranking', 'llm'].map(n => {cy}.$id(n).position('x'))")
    assert xs == sorted(set(xs))


def test_python_edits_show_at_once_and_undo_works_from_the_page(notebook: Open) -> None:
    page = notebook("both.ipynb", OPEN, "a = p.add('embedding'); b = p.add('llm'); p.connect(a, b)", SHOW)
    builder = opened(page)
    page.run(1)
    page.finished(1)
    builder.locator(".lm-TabBar-tab", has_text="YAML").click()
    text = builder.locator(".opea-yaml textarea")
    expect(text).to_have_value(re.compile("embedding >> llm"))
    builder.locator(".opea-undo").click()
    expect(builder.locator(".opea-status")).to_contain_text("undo: connect embedding to llm")
    expect(text).not_to_have_value(re.compile("embedding >> llm"))


def test_wrong_yaml_names_its_line_and_changes_nothing(notebook: Open) -> None:
    page = notebook("yaml.ipynb", OPEN, "a = p.add('embedding'); b = p.add('llm'); p.connect(a, b)", SHOW)
    builder = opened(page)
    page.run(1)
    builder.locator(".lm-TabBar-tab", has_text="YAML").click()
    text = builder.locator(".opea-yaml textarea")
    expect(text).to_have_value(re.compile("embedding >> llm"))
    good = text.input_value()
    text.fill(good.replace("embedding >> llm", "embedding >> lm"))
    builder.locator(".opea-apply").click()
    expect(builder.locator(".opea-yaml-error")).to_contain_text("line")
    text.fill(good.replace("embedding >> llm", "llm >> embedding"))
    builder.locator(".opea-apply").click()
    expect(builder.locator(".opea-status")).to_contain_text("applied the YAML")
    expect(page.run(2)).to_contain_text("- llm >> embedding")


def test_keys_in_the_builder_never_reach_the_notebook(notebook: Open) -> None:
    page = notebook("builder-keys.ipynb", OPEN, "1 + 1", "2 + 2")
    builder = opened(page)
    add(builder, "Embedding")
    expect(builder.locator(".opea-rename input")).to_have_value("embedding")
    builder.locator(".opea-undo").focus()
    for key in ("x", "d", "d", "Delete", "a"):
        page.page.keyboard.press(key)
    expect(page.page.locator(".jp-Notebook .jp-Cell")).to_have_count(3)


def test_a_card_is_selected_by_a_click_and_keeps_the_place_it_is_dragged_to(notebook: Open) -> None:
    page = notebook("drag.ipynb", OPEN, "a = p.add('embedding'); b = p.add('llm')", "print(p.services['llm'].position)")
    builder = opened(page)
    page.run(1)
    page.finished(1)
    canvas = page.page.locator(".opea-canvas")
    page.page.wait_for_function("document.querySelector('.opea-canvas')._cyreg.cy.nodes().length === 2")
    at = page.page.evaluate("document.querySelector('.opea-canvas')._cyreg.cy.$id('llm').renderedPosition()")
    box = canvas.bounding_box()
    assert box is not None
    x, y = box["x"] + at["x"], box["y"] + at["y"]
    page.page.mouse.move(x, y)
    page.page.mouse.down()
    page.page.mouse.move(x + 60, y + 80, steps=5)
    page.page.mouse.up()
    expect(builder.locator(".opea-rename input")).to_have_value("llm")
    expect(builder.locator(".opea-status")).to_contain_text("moved llm")
    assert "None" not in page.run(2).inner_text()


def test_hostile_names_and_values_stay_text(notebook: Open) -> None:
    script = """
attack = '<img src=x onerror="window.hit=1">'
p.add("llm", name="a<b", parameters={"model": attack, "chat_template": attack})
p.add("embedding", url="http://h/" + "x", environment={"A": attack})
builder._session.select("a<b")
builder._session.say(attack, bad=True)
"""
    page = notebook("hostile.ipynb", OPEN, script)
    builder = opened(page)
    page.run(1)
    page.finished(1)
    expect(builder.locator(".opea-status")).to_contain_text("<img")
    builder.locator(".lm-TabBar-tab", has_text="Problems").click()
    assert builder.locator("img").count() == 0
    assert page.page.evaluate("window.hit") is None
