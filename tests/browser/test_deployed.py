"""The real embedded ChatQnA, deployed and asked in the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from conftest import NotebookPage

pytestmark = pytest.mark.slow

SETUP = """
import opea_nb
p = opea_nb.Pipeline("chatqna")
steps = [p.add(kind) for kind in ("embedding", "retriever", "reranking", "llm")]
p.connect_all(zip(steps, steps[1:]))
p.update("llm", parameters={"max_tokens": 24})
p.add("dataprep");
"""


def test_a_deployment_and_a_query_show_themselves_in_their_cells(notebook: Callable[..., NotebookPage]) -> None:
    page = notebook(
        "deployed.ipynb",
        SETUP,
        "app = p.deploy()\napp.ingest(text={'a.txt': 'The lighthouse was painted green in 1931.'});",
        "app.query('What colour is the lighthouse?');",
        "app.down()",
    )
    page.run(0)
    page.finished(0)
    deployment = page.run(1)
    expect(deployment.locator(".opea-deploy")).to_contain_text("llm", timeout=30_000)
    page.finished(1)
    expect(deployment.locator(".opea-deploy")).to_have_attribute("data-state", "ready")
    output = page.run(2)
    page.finished(2)
    expect(output.locator('.opea-row[data-state="done"]')).to_have_count(4)
    output.locator("details.opea-row summary").nth(1).click()
    expect(output.locator("details.opea-row").nth(1).locator(".opea-json").nth(1)).to_contain_text("painted green")
    page.run(3)
    page.finished(3)
