from __future__ import annotations

from pathlib import Path

import numpy as np
import wordllama

from opea_nb.services.vectors import load_word_vectors

TEXTS = [
    "Who designed the roof?",
    "The roof was designed by Pell Okonjo.",
    "Die Pumpe f\u00f6rdert 3,2 Liter \U0001f6b0",
    "x",
]


def test_vectors_are_those_of_wordllama_itself() -> None:
    theirs = wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)
    np.testing.assert_allclose(load_word_vectors().embed(TEXTS).vectors, theirs.embed(TEXTS, norm=True), atol=1e-5)


def test_a_name_in_a_long_passage_is_found_where_the_mean_blurs_it() -> None:
    about = "The town has a harbour, a market, a school, two churches and a museum of fishing. " * 4
    named = about + "Pell Okonjo drew the plans. " + about
    nameless = about + "Somebody drew the plans. " + about
    first, second = load_word_vectors().score("What did Pell Okonjo draw?", [named, nameless])
    assert first > second + 0.03


def test_without_words_there_is_no_score() -> None:
    assert load_word_vectors().score("", ["text"]) == [0.0]
    assert load_word_vectors().score("text", [""]) == [0.0]
