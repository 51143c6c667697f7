"""Formats by name: which one a text is of, and from one into another."""

from __future__ import annotations

from pathlib import Path

import pytest

import opea_nb
from opea_nb.errors import FormatError
from opea_nb.formats import registry
from opea_nb.pipeline import Pipeline

UNIFIED = """\
opea_micro_services:
  embedding: {endpoint: /v1/embeddings}
  llm: {endpoint: /v1/chat/completions, colour: blue}
opea_mega_service: {mega_flow: [embedding >> llm]}
"""
GMC = """\
apiVersion: v1
kind: Namespace
metadata: {name: chat}
---
apiVersion: gmc.opea.io/v1alpha3
kind: GMConnector
metadata: {name: chat}
spec:
  routerConfig: {name: router, serviceName: router-service}
  nodes:
    root:
      routerType: Sequence
      steps:
        - name: Llm
          internalService: {serviceName: llm-svc, config: {endpoint: /v1/chat/completions}}
"""
COMPOSE = "services: {llm: {image: 'opea/llm-textgen:latest'}}\n"
MEGA_YAML = "micro_services: [{service_name: llm, image: 'opea/llm-textgen:latest'}]\n"
PYTHON = """\
from comps import MicroService, ServiceOrchestrator
llm = MicroService(name="llm", host="h", port=9000, endpoint="/v1/chat/completions", use_remote_service=True)
megaservice = ServiceOrchestrator()
megaservice.add(llm)
"""
STUDIO = '{"nodes": [{"id": "a", "data": {"name": "opea_service@llm_tgi", "id": "a", "inputs": {}}}], "edges": []}'
TEXTS = {
    "unified": UNIFIED,
    "compose": COMPOSE,
    "gmc": GMC,
    "python": PYTHON,
    "studio": STUDIO,
    "mega-yaml": MEGA_YAML,
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_recognised_and_read(name: str) -> None:
    assert registry.detect(TEXTS[name]).name == name
    assert any(s.kind == "llm" for s in registry.read(TEXTS[name]).pipeline.services.values())


def test_a_file_is_read_by_its_path_and_named_in_messages(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(UNIFIED)
    assert opea_nb.read(file).pipeline.name == "mine"
    assert opea_nb.read(str(file)).pipeline.name == "mine"
    file.write_text("a: [\n")
    with pytest.raises(FormatError, match=r"mine\.yaml:2:1"):
        opea_nb.read(file)


def test_keys_that_are_not_understood_are_kept_and_noted() -> None:
    imported = registry.read(UNIFIED)
    assert [str(n) for n in imported.notes] == [
        "kept: opea_micro_services.llm.colour: opea_nb does not know this key, and writes it back as it is"
    ]
    assert "colour: blue" in registry.convert(imported.pipeline, to="unified").text


def test_notes_of_reading_and_of_writing_are_both_told() -> None:
    kinds = {note.kind for note in opea_nb.convert(MEGA_YAML, to="gmc").notes}
    assert "inferred" in kinds


def test_every_writer_gives_files_or_bytes_with_relative_names() -> None:
    pipeline = Pipeline("rag")
    pipeline.add("llm")
    for name in registry.names():
        if name == "png" or registry.find(name).write is None:
            continue
        written = registry.convert(pipeline, to=name)
        assert written.text.endswith("\n") or name == "svg"
        assert not any(Path(file).is_absolute() or ".." in Path(file).parts for file in written.files)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: registry.find("visio"), "there is no format 'visio'"),
        (lambda: registry.convert(UNIFIED, to="studio"), "read only"),
        (lambda: registry.read(UNIFIED, "kubernetes"), "written only"),
        (lambda: registry.convert(UNIFIED, to="mermaid", colour=1), "takes no option 'colour'"),
        (lambda: registry.read("a: 1\n"), "of no format"),
        (lambda: registry.read("no-such-file.yaml"), "no-such-file.yaml: cannot be read"),
        (lambda: registry.read("x\0y"), "cannot be read"),
        (lambda: registry.read(b"\xff\xfe\x00"), ""),
        (lambda: registry.read(""), "of no format"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_next_step(call, said: str) -> None:
    with pytest.raises(FormatError) as failed:
        call()
    assert said in str(failed.value)


def test_a_file_of_any_size_is_refused_before_it_is_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "big.yaml"
    with file.open("wb") as out:
        out.truncate(1 << 40)  # sparse: a terabyte that takes no room
    with pytest.raises(FormatError, match="more than the"):
        registry.read(file)


def test_what_a_format_can_be_told() -> None:
    assert "accelerator" in registry.options("compose")
    assert registry.options("studio") == ()


@pytest.mark.parametrize(
    ("format_", "text", "place"),
    [
        ("compose", "services:\n  a: {image: prom/prometheus}\n", "2:3"),
        ("studio", '{"edges": [],\n "nodes": 5}', "2:11"),
        ("studio", '{"edges": [],\n "nodes": [{"data": {"name": "llm"}}]}', "2:12"),
        ("studio", '{"edges": [],\n "nodes": [{"id": "a"},\n  {"id": "a"}]}', "3:3"),
        ("mega-yaml", "micro_services:\n- {service_name: a}\n- {image: x}\n", "3:3"),
        ("gmc", "apiVersion: gmc.opea.io/v1alpha3\nkind: GMConnector\nspec: {}\n", "3:7"),
        ("unified", "opea_micro_services: {a: {kind: llm}}\nopea_mega_service: {mega_flow: [a >> b]}\n", "2:38"),
        ("python", "from comps import MicroService\nx = (\n", "2:5"),
        ("", "a: 1\n", "1:1"),
    ],
)
def test_a_refused_file_is_refused_with_a_place(format_: str, text: str, place: str) -> None:
    with pytest.raises(FormatError) as error:
        registry.read(text, format_, source="f")
    assert str(error.value).startswith(f"f:{place}: ")
