"""YAML text: what yaml.safe_load reads, bounded, positioned, and written back canonically."""

from __future__ import annotations

import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from opea_nb.errors import FormatError
from opea_nb.formats.yaml_text import dump, load

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.dates()
    | st.binary(max_size=20)
)
keys = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.integers()
values = st.recursive(scalars, lambda v: st.lists(v, max_size=4) | st.dictionaries(keys, v, max_size=4), max_leaves=12)


@given(values)
def test_what_is_dumped_reads_back_equal_here_and_in_yaml_safe_load(value: object) -> None:
    text = dump(value)
    assert load(text).data == value
    assert yaml.safe_load(text) == value


@given(st.text(st.sampled_from("ab:-#'\"\\ \n\t|>&*!{}[],?%@`é\u2028\x85"), max_size=30))
def test_texts_full_of_yaml_signs_survive(text: str) -> None:
    assert load(dump({"prompt": text, "list": [text]})).data == {"prompt": text, "list": [text]}


def test_dump_is_block_style_in_the_given_order_with_unicode_and_no_folding_or_aliases() -> None:
    shared = ["a >> " + "long " * 60 + "é"]
    text = dump({"z": shared, "a": shared, "prompt": "One.\nTwo.\n"})
    line = f"  - {shared[0]}\n"
    assert text == f"z:\n{line}a:\n{line}prompt: |\n  One.\n  Two.\n"


def test_dump_names_the_place_of_what_yaml_cannot_carry() -> None:
    with pytest.raises(FormatError, match=r"llm\.parameters\.x: a object"):
        dump({"llm": {"parameters": {"x": object()}}})
    with pytest.raises(FormatError, match="surrogate"):
        dump({"llm": "\ud800"})


@given(st.text() | st.binary() | st.text(st.sampled_from("abc:-&*![]{}<>|\"'\\#?, \n\t%=~0x1.e")))
def test_any_input_gives_data_like_safe_load_or_a_format_error(text: str | bytes) -> None:
    try:
        data = load(text).data
    except FormatError:
        return
    if isinstance(text, str):
        # repr, as nan does not equal itself. The C loader, as the Python one refuses a few sound texts ("0\t").
        assert repr(data) == repr(yaml.load(text, Loader=yaml.CSafeLoader))


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\na: 2",
        "{a: 1, a: 2}",
        "&x [*x]",
        "a: *nowhere",
        "!!python/object/apply:os.system [id]",
        "!!python/name:os.system",
        "!mine text",
        "!!int ''",
        "!!timestamp x",
        "!!bool maybe",
        "2024-13-45",
        "!!set {a, b}",
        "? [a, b]\n: c",
        "a: b: c",
        "a: [1",
        "a:\n\t- b",
        "--- 1\n--- 2",
        "<<: 3",
        "a: =",
        "\x07",
        "\ud800",
        "9" * 5000,
        "1" + ":1" * 100_000,
        "[" * 5000,
        "{a: " * 5000,
        "- " * 5000,
        b"\xff\xfea",
        b"caf\xe9: 1",
        "x" * (1 << 20) + "x",
    ],
)
def test_refusals_say_where(text: str | bytes) -> None:
    with pytest.raises(FormatError) as caught:
        load(text, source="app.yaml")
    assert "app.yaml" in str(caught.value)


def test_the_position_of_a_duplicate_key_is_the_second_one() -> None:
    with pytest.raises(FormatError, match=r"app\.yaml:3:3: the key `llm` stands twice \(first in line 2\)"):
        load("s:\n  llm: 1\n  llm: 2\n", source="app.yaml")


def test_alias_bombs_and_deep_texts_end_at_once() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 30)
    )
    started = time.perf_counter()
    with pytest.raises(FormatError, match="more than 100000 values"):
        load(bomb)
    assert time.perf_counter() - started < 10


def test_aliases_and_merge_keys_read_as_in_safe_load_but_as_copies() -> None:
    text = "base: &b {x: 1, y: [2]}\none: {<<: *b, x: 3}\ntwo: *b\nthree: {<<: [*b, {z: 1}]}\n"
    data = load(text).data
    assert data == yaml.safe_load(text)
    assert isinstance(data, dict)
    assert data["two"] is not data["base"]


@pytest.mark.parametrize(
    ("text", "value", "line", "column"),
    [
        ("r: a >> X", "a >> X", 1, 9),
        ("r: 'it''s >> X'", "it's >> X", 1, 14),
        (r'r: "\u0061 \n>>\x20 X"', "a \n>>  X", 1, 21),
        ("r:\n  a >>\n    X", "a >> X", 3, 5),
        ("r: |\n  a >>\n  b X", "a >>\nb X", 3, 5),
        ("r: >- # folded\n\n  a >>\n\n  b X", "\na >>\nb X", 5, 5),
        ("r:\r\n  - a\r\n  - >\r\n    b X\r\n", "b X", 4, 7),
    ],
)
def test_a_character_inside_a_scalar_is_found_in_the_text(text: str, value: str, line: int, column: int) -> None:
    document = load(text)
    path = ("r",) if "- b" not in text and "- >\r" not in text else ("r", 1)
    assert document.position(path, offset=value.index("X")) == (line, column)


def test_positions_of_keys_values_and_items() -> None:
    document = load("a:\n  b: [1, 22]\n")
    assert document.position(("a", "b"), key=True) == (2, 3)
    assert document.position(("a", "b", 1)) == (2, 10)
    assert document.position(("a", "missing")) == (2, 3)
    assert document.written(("a", "b", 1)) == "22"
