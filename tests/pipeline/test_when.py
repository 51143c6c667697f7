"""Request conditions: what they say of a request, and what can be known of them before any."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opea_nb.errors import PipelineError
from opea_nb.pipeline.when import Allowed, both, data, exclusive, exhaustive, holds, implies, parse

ALLOWED = st.builds(Allowed, st.frozensets(st.sampled_from(["a", "b", "c", None]), min_size=1), st.booleans())


@pytest.mark.parametrize(
    ("when", "request_", "fits"),
    [
        ({"model": "a"}, {"model": "a"}, True),
        ({"model": "a"}, {}, False),
        ({"n": 5}, {"n": "5"}, True),
        ({"on": True}, {"on": True}, True),
        ({"model": ["a", "b"]}, {"model": "b"}, True),
        ({"model": {"not": "a"}}, {}, True),
        ({"model": {"not": "a"}}, {"model": "a"}, False),
        ({"model": {"exists": True}}, {"model": ""}, True),
        ({"model": {"exists": False}}, {"model": None}, False),
        ({"p.language": "en"}, {"p": {"language": "en"}}, True),
        ({"messages.0.role": "user"}, {"messages": [{"role": "user"}]}, True),
        ({"a": "1", "b": "2"}, {"a": "1", "b": "3"}, False),
        ({}, {}, True),
    ],
)
def test_a_condition_fits_a_request(when: dict[str, Any], request_: dict[str, Any], fits: bool) -> None:
    assert holds(parse(when), request_) is fits


@pytest.mark.parametrize(
    "when", [5, {"a b": 1}, {"": 1}, {5: 1}, {"a": {}}, {"a": []}, {"a": {"not": {}}}, {"a": [[]]}]
)
def test_what_is_no_condition_is_refused(when: object) -> None:
    with pytest.raises(PipelineError, match="when"):
        parse(when)


@given(st.dictionaries(st.sampled_from(["a", "b.c"]), ALLOWED, max_size=2))
def test_a_condition_is_written_as_it_is_read(when: dict[str, Allowed]) -> None:
    assert parse(data(when)) == when


@given(ALLOWED, ALLOWED, st.sampled_from(["a", "b", "c", "d", None]))
def test_what_is_known_beforehand_is_true_of_every_value(one: Allowed, other: Allowed, value: str | None) -> None:
    fits = one.holds(value), other.holds(value)
    if exclusive({"x": one}, {"x": other}):
        assert fits != (True, True)
    if implies({"x": one}, {"x": other}):
        assert fits != (True, False)
    if exhaustive((one, other)):
        assert any(fits)
    assert both({"x": one}, {"x": other})["x"].holds(value) is all(fits)
