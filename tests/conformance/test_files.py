"""Every file of every format: in, out in its own format, through the unified YAML, and into all others."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from opea_nb import templates
from opea_nb.formats import registry
from opea_nb.formats.compare import differences
from opea_nb.pipeline import MAIN, Pipeline
from tests.conformance.files import own, sources, title
from tests.conformance.measure import Measured, convert, measure

pytestmark = pytest.mark.slow

FILES = sources()
every_file = pytest.mark.parametrize(("name", "path"), FILES, ids=[title(path) for _, path in FILES])

FLOWS = {
    "compose/chatqna-guardrails.yaml": "guardrails > embedding-tei > retriever > reranking-tei > llm-vllm",
    "compose/chatqna-without-rerank.yaml": "embedding-tei > retriever > llm-vllm",
    "compose/chatqna-faqgen.yaml": "embedding-tei > retriever > reranking-tei > llm-faqgen",
    "compose/chatqna-tgi-rocm.yaml": "embedding-tei > retriever > reranking-tei > llm-tgi",
    "compose/audioqna.yaml": "asr-whisper > llm-vllm > tts-speecht5",
    "compose/audioqna-multilang.yaml": "asr-whisper > llm-vllm > tts-gpt-sovits",
    "compose/avatarchatbot.yaml": "asr-whisper > llm-tgi > tts-speecht5 > animation",
    "compose/searchqna.yaml": "embedding > web-retriever > reranking > llm",
    "compose/docindexretriever.yaml": "embedding > retriever > reranking",
    "compose/codetrans.yaml": "llm",
    "compose/docsum.yaml": "asr-whisper > llm-docsum",
    "compose/codegen.yaml": "embedding > retriever > llm",
    "compose/visualqna.yaml": "lvm",
    "compose/agentqna.yaml": "agent",
    "compose/text2image.yaml": "text2image",
    "compose/edge-application.yaml": "service",
    "compose/research-agent.yaml": "service",
    "compose/telemetry-overlay.yaml": "embedding-tei > llm-vllm",
    "compose/chatqna-ollama.yaml": "embedding-tei > retriever > llm-ollama",
    "compose/chatqna-remote.yaml": "embedding-tei > retriever > reranking-tei > llm-vllm",
    "compose/codegen-vllm-rocm.yaml": "llm",
    "gmc/chat-ui-xeon.yaml": "embedding > retriever > reranking > llm",
    "gmc/audio-gaudi.yaml": "asr > llm > tts",
    "gmc/search-xeon.yaml": "embedding > web-retriever > reranking > llm",
    "gmc/docsum-gaudi.yaml": "llm-docsum",
    "studio/chatqna.json": "embedding > retriever > reranking > llm",
    "studio/docsum.json": "asr > llm-docsum",
    "studio/codegen.json": "llm",
    "studio/agentqna.json": "agent",
    "python/chatqna.py": "embedding > retriever > reranking > llm",
    "mega-yaml/chat.yaml": "embedding > retriever > llm",
}
"""What each sample means: the kinds of its main flow's services, which is one chain."""


@cache
def measured(name: str, path: Path) -> Measured:
    """A file's measure, taken once for all tests."""
    return measure(name, path)


def readable(found: object) -> str:
    return "\n".join(map(str, found)) if isinstance(found, tuple) else str(found)


@every_file
def test_its_format_is_found_out(name: str, path: Path) -> None:
    assert registry.detect(path).name == name


@every_file
def test_it_comes_back_equal_in_its_own_format(name: str, path: Path) -> None:
    if registry.find(name).write is None:
        name = "unified"  # what is only read comes back in the format that holds everything
    made = measured(*next(f for f in FILES if f[1] == path)).to[name]
    assert not made.refused, f"{made.refused}\n{made.hint}"
    assert not made.back, readable(made.back)


@every_file
def test_it_goes_through_the_unified_yaml_unchanged(name: str, path: Path) -> None:
    made = measured(name, path).to["unified"]
    assert not made.back, readable(made.back)


@every_file
def test_a_deployment_holds_all_of_it(name: str, path: Path) -> None:
    for target in ("compose", "kubernetes"):
        made = measured(name, path).to[target]
        assert not made.refused, f"{target}: {made.refused}\n{made.hint}"


@every_file
def test_nothing_is_lost_in_silence(name: str, path: Path) -> None:
    for target, made in measured(name, path).to.items():
        if made.refused:
            assert made.hint, f"{target} refuses without telling what to do: {made.refused}"
        elif made.back:
            assert made.notes, f"{target} is not the same, and says nothing:\n{readable(made.back)}"


@every_file
def test_writing_it_twice_gives_the_same_text(name: str, path: Path) -> None:
    pipeline = measured(name, path).pipeline
    for target, made in measured(name, path).to.items():
        if not made.refused:
            assert registry.convert(pipeline, to=target).files == made.files


@pytest.mark.parametrize("sample", FLOWS)
def test_the_flow_is_the_one_that_the_file_means(sample: str) -> None:
    path = next(path for _, path in own() if title(path) == sample)
    pipeline = registry.read(path).pipeline
    assert chain(pipeline) == FLOWS[sample]


def chain(pipeline: Pipeline) -> str:
    """The kinds along the main flow; a text that no sample expects when it is no chain."""
    part = pipeline.flow(MAIN)
    if any(part.out_degree(n) > 1 or part.in_degree(n) > 1 for n in part) or part.number_of_edges() != len(part) - 1:
        return f"no chain: {sorted(part)}, {sorted(part.edges)}"
    starts = [n for n in part if not part.in_degree(n)]
    names = starts
    while after := list(part.successors(names[-1])):
        names += after
    return " > ".join(pipeline.services[n].kind for n in names)


@pytest.mark.parametrize("name", templates.names())
def test_a_template_goes_into_every_format_or_is_refused_with_a_reason(name: str) -> None:
    pipeline = templates.load(name)
    for target in ("unified", "compose", "kubernetes", "gmc", "kserve", "python", "mermaid", "svg"):
        made = convert(pipeline, target)
        if target in ("unified", "compose", "kubernetes", "mermaid", "svg"):
            assert not made.refused, f"{target}: {made.refused}"
        assert made.hint or not made.refused
        assert made.notes or not made.back, readable(made.back)
    assert not differences(pipeline, registry.read(templates.text(name)).pipeline)


def test_the_comparison_that_all_of_this_stands_on_sees_a_change() -> None:
    name, path = FILES[0]
    pipeline, changed = registry.read(path, name).pipeline, registry.read(path, name).pipeline
    changed.update(next(iter(changed.services)), replicas=7)
    assert [d.path[-1] for d in differences(pipeline, changed)] == ["replicas"]
