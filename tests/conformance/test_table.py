"""The table in the docs says what is so."""

from __future__ import annotations

import pytest

from opea_nb.formats import registry
from opea_nb.formats.conversion import Note
from opea_nb.pipeline import Pipeline
from tests.conformance.files import sources, upstream
from tests.conformance.measure import Conversion, Measured, measure
from tests.conformance.table import PAGE, page

pytestmark = pytest.mark.slow


def test_the_table_is_current() -> None:
    if not upstream():  # without upstream's files only our own rows can be compared
        mine = page(measure(name, path) for name, path in sources())
        titles = [line.split("|")[1] for line in mine.splitlines() if line.startswith("| ") and "/" in line]
        assert all(f"|{title}|" in PAGE.read_text("utf-8") for title in titles)
        return
    found = page(measure(name, path) for name, path in sources())
    assert PAGE.read_text("utf-8") == found, "run: python -m tests.conformance.table"


def test_losses_and_refusals_are_counted_and_told() -> None:
    pipeline = Pipeline("rag")
    to = {name: Conversion() for name in registry.names()}
    to["gmc"] = Conversion(refused="no step for a | b", hint="deploy it elsewhere")
    to["python"] = Conversion(notes=(Note("lost", "a", "b"), Note("kept", "c", "d")))
    text = page([Measured("x/y.yaml", "unified", pipeline, (Note("inferred", "a", "b"),), to)])
    assert "| x/y.yaml | 1 i | ✓ | ✓ | ✓ | [1] | ✓ | −1 | ✓ | ✓ |" in text
    assert "1. **gmc**: no step for a \\| b. Deploy it elsewhere." in text
