"""Mermaid text: escaped, deterministic, whatever the names hold."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from opea_nb.formats.mermaid import escaped, mermaid
from opea_nb.pipeline import Pipeline


def test_services_engines_and_flows_are_drawn(chatqna: Pipeline) -> None:
    chatqna.add("redis")
    chatqna.use("retriever", "redis")
    text = mermaid(chatqna)
    assert text.startswith("flowchart LR\n")
    assert '[("redis")]' in text
    assert 'subgraph f1["dataprep"]' in text
    assert text.count(" --> ") == 3
    assert text.count(" -.-> ") == 1
    assert mermaid(chatqna.copy()) == text


@given(st.text(max_size=40))
def test_no_name_can_leave_its_label(name: str) -> None:
    assert not re.search(r'["<>`\n\r%\\]', escaped(name))
    assert re.sub(r"#(\d+);", lambda m: chr(int(m[1])), escaped(name)) == name
