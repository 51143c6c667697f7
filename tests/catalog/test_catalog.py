"""The catalogue: what it holds, how it finds things, and how users add to it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from opea_nb.catalog import load_catalog
from opea_nb.catalog.values import check_parameters
from opea_nb.errors import CatalogError

CATALOG = load_catalog()


@pytest.mark.parametrize(
    ("name", "endpoint", "kind"),
    [
        ("retrieval", "/v1/retrieval", "retriever"),
        ("Reranking", "", "reranking"),
        ("anything", "http://localhost:6000/v1/embeddings", "embedding"),
        ("embedding", "/embed", "embedding-tei"),
        ("s1", "http://localhost:8081/v1/add", "service"),
        ("llm", "/v1/chat/completions", "llm"),
        ("anything", "/v1/chat/completions", "llm"),
        ("supervisor-agent", "/v1/chat/completions", "agent"),
        ("anything", "/v1/retrieval", "retriever"),
        ("anything", "/", "service"),
    ],
)
def test_a_component_is_found_by_name_or_endpoint(name: str, endpoint: str, kind: str) -> None:
    assert CATALOG.find(name=name, endpoint=endpoint).kind == kind


@pytest.mark.parametrize("component", [c for c in CATALOG.values() if c.role == "service"], ids=lambda c: c.kind)
def test_every_default_is_a_value_that_is_allowed(component) -> None:
    defaults = {p.name: p.default for p in component.parameters if p.default is not None}
    assert check_parameters(component, defaults) == defaults


@pytest.mark.parametrize("component", CATALOG.values(), ids=lambda c: c.kind)
def test_what_a_form_speaks_of_exists(component) -> None:
    for form in component.forms.values():
        for kind in (*form.engines, *form.links):
            assert kind in CATALOG


def test_a_user_adds_a_component_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "components:\n  shout: {title: Shout, input: Json, output: Json, endpoint: /v1/shout, port: 8100}\n"
    )
    catalog = load_catalog(file)
    assert catalog["shout"].endpoint == "/v1/shout"
    assert "shout" not in load_catalog()


def test_a_user_adds_a_component_by_content_or_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, yours = tmp_path / "mine.yaml", tmp_path / "yours.yaml"
    mine.write_text("components: {shout: {input: Json, output: Json, port: 8100}}")
    yours.write_text("components: {shout: {input: Json, output: Json, port: 8200}}")
    monkeypatch.setenv("OPEA_NB_CATALOG", f"{mine}{os.pathsep}{yours}")
    assert load_catalog()["shout"].port == 8200
    content = {"components": {"shout": {"input": "Json", "output": "Json", "port": 8300}}}
    assert load_catalog(content)["shout"].port == 8300
    assert load_catalog()["shout"].port == 8200


def test_what_a_user_added_is_told_of_the_kinds_that_need_it() -> None:
    entry = {"input": "Mine", "output": "Json", "port": 8100}
    catalog = load_catalog({"components": {"shout": entry, "other": entry}, "types": {"Mine": {}, "Yours": {}}})
    assert catalog.beyond(["llm"]) == {}
    assert catalog.beyond(["llm", "shout"]) == {"components": {"shout": entry}, "types": {"Mine": {}}}
    assert load_catalog(catalog.beyond(["shout"]))["shout"] == catalog["shout"]


def test_a_package_adds_a_component_by_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "theirs-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[opea_nb.catalog]\ntheirs = theirs_catalog:entries\n")
    (tmp_path / "theirs_catalog.py").write_text(
        "def entries():\n    return {'components': {'theirs': {'input': 'Json', 'output': 'Json', 'port': 1}}}\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "theirs" in load_catalog(_empty(tmp_path))


def _empty(folder: Path) -> Path:
    file = folder / "empty.yaml"
    file.write_text("components: {}\n")
    return file


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("components: {x: {prot: 1}}", "unknown key 'prot'"),
        ("components: {x: {port: 99999}}", "port is 99999"),
        ("components: {x: {input: Nothing}}", "no known port type"),
        ("components: {x: {forms: {opea: {}}}}", "either image or module"),
        ("components: {x: {parameters: {a: {type: colour}}}}", "type is 'colour'"),
        ("components: {x: {parameters: {a: {type: choice}}}}", "a choice without choices"),
        ("components: {x: {aliases: word}}", "is not a list"),
        ("components: [x]", "is not a mapping"),
        ("components: {x: {role: god}}", "role is 'god'"),
        ("a: [", "is not YAML"),
    ],
)
def test_a_bad_file_is_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(CatalogError, match=message) as caught:
        load_catalog(file)
    if "port type" not in message:
        assert str(file) in str(caught.value)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="cannot be read"):
        load_catalog(tmp_path / "none.yaml")
