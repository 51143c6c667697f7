"""The text of a Switch's conditions. What each means was seen with the router's own gjson (1.17.1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opea_nb.errors import PlanError
from opea_nb.formats.gmc.conditions import left_out, read, widened, written
from opea_nb.pipeline.when import Allowed

KNOWN = [
    (frozenset({"intel"}), False, "m==intel"),
    (frozenset({"bge-v1.5"}), False, '[m.@tostr,m]|#(=="bge-v1.5")'),
    (frozenset({"a:b, c/d@e#f+g=h"}), False, '[m.@tostr,m]|#(=="a:b, c/d@e#f+g=h")'),
    (frozenset({"5"}), True, r'[[m.@tostr,!""]|0]|#(!="5")#|#(!="\"5\"")'),
    (frozenset({"llama", None}), True, r'[[m.@tostr,!""]|0]|#(!="")#|#(!="llama")#|#(!="\"llama\"")'),
    (frozenset({None}), False, '[[m.@tostr,!""]|0]|#(=="")'),
    (frozenset({None}), True, "m"),
    (frozenset({"intel", "llama"}), False, '[[m.@tostr,m]|#(=="intel"),[m.@tostr,m]|#(=="llama")]|0'),
]


@pytest.mark.parametrize(("values", "negated", "text"), KNOWN)
def test_a_condition_is_written_as_the_router_was_seen_to_take_it(
    values: frozenset[str | None], negated: bool, text: str
) -> None:
    assert written("m", Allowed(values, negated), service="s") == text
    assert read(text) == ("m", Allowed(values, negated), False)


def test_a_widened_condition_tells_what_it_was_and_what_it_leaves_out() -> None:
    text = widened("m", "intel", frozenset({"llama"}), service="s")
    assert text == r'[[m.@tostr,!"intel"]|0]|#(!="llama")#|#(!="\"llama\"")'
    assert read(text) == ("m", Allowed(frozenset({"intel"})), True)
    assert left_out(text) == {"llama"}


def test_a_key_inside_another_is_asked_as_a_query() -> None:
    """`a.b==c` never fits: the router compares flat keys only."""
    assert written("a.b", Allowed(frozenset({"c"})), service="s") == '[a.b.@tostr,a.b]|#(=="c")'
    assert read("a.b==c") is None


@pytest.mark.parametrize("text", ["", "m==bge-v1.5", 'm=="x"', "instances.#(modelId==1)", "m==a#b", "[m]|0", "a|b"])
def test_a_condition_that_cannot_fit_or_is_not_understood_is_none(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize("value", ["it's", 'a"b', "a\\b", "x---y", "a\nb", "ü", "x" * 300])
def test_a_value_that_a_condition_cannot_carry_is_refused(value: str) -> None:
    with pytest.raises(PlanError, match="svc"):
        written("m", Allowed(frozenset({value})), service="svc")


@given(st.frozensets(st.from_regex(r"[A-Za-z0-9._-]{0,8}", fullmatch=True) | st.none(), min_size=1), st.booleans())
def test_any_condition_reads_back(values: frozenset[str | None], negated: bool) -> None:
    if any(v and "---" in v for v in values):
        return
    assert read(written("a.b", Allowed(values, negated), service="s")) == ("a.b", Allowed(values, negated), False)


@given(st.text(max_size=60))
def test_any_text_is_read_or_not_understood(text: str) -> None:
    read(text)
