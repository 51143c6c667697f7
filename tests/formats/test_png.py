"""PNG pictures, rendered offline from the SVG drawing."""

from __future__ import annotations

import struct

import pytest

from opea_nb.errors import FormatError
from opea_nb.formats.picture import svg
from opea_nb.formats.png import FORMAT, png
from opea_nb.pipeline import Pipeline


def test_the_picture_has_the_drawings_size_times_its_scale(chatqna: Pipeline) -> None:
    width = float(svg(chatqna).split('width="')[1].split('"')[0])
    data = png(chatqna, scale=3)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">I", data[16:20])[0] == round(width * 3)


def test_names_are_drawn_as_letters(chatqna: Pipeline) -> None:
    before = png(chatqna)
    chatqna.rename("llm", "other")
    assert png(chatqna) != before


@pytest.mark.parametrize("options", [{"scale": 0}, {"scale": 99}, {"background": "no colour"}])
def test_what_cannot_be_drawn_is_refused_in_our_words(chatqna: Pipeline, options: dict[str, object]) -> None:
    assert FORMAT.write is not None
    with pytest.raises(FormatError):
        FORMAT.write(chatqna, **options)
