"""Parts of a pipeline: copied, pasted, connected, inserted, deleted; and what fits where."""

from __future__ import annotations

from opea_nb.pipeline import MAIN, Pipeline
from opea_nb.pipeline.clipping import clip, duplicate, paste
from opea_nb.pipeline.fitting import fits
from opea_nb.pipeline.surgery import bridges, connected, extended, inserted, without


def test_what_is_pasted_twice_has_names_ports_and_edges_of_its_own(chatqna: Pipeline) -> None:
    chatqna.group("search", ["embedding", "retriever"])
    text = clip(chatqna, ["embedding", "retriever"])
    edit, names = paste(chatqna, text)
    chatqna.apply(edit)
    assert names == ("embedding_2", "retriever_2")
    assert chatqna.graph.has_edge(*names)
    assert not [p for p in chatqna.problems() if p.code == "port-clash"]
    assert chatqna.groups["search_2"].members == names
    assert chatqna.undo() == "paste embedding_2 and retriever_2"


def test_a_paste_comes_where_the_pointer_is(chatqna: Pipeline) -> None:
    text = clip(chatqna, ["embedding", "retriever"], places={"embedding": (10, 10), "retriever": (210, 30)})
    other = Pipeline("other")
    other.apply(paste(other, text, at=(100, 100))[0])
    assert [s.position for s in other.services.values()] == [(100, 100), (300, 120)]
    other.apply(paste(other, clip(chatqna, ["embedding", "retriever"]), at=(0, 0))[0])
    assert other.services["retriever_2"].position == (204, 0), "without places, a column for each step"


def test_a_clip_holds_no_secret_and_a_duplicate_keeps_it() -> None:
    p = Pipeline()
    p.add("llm", environment={"HF_TOKEN": "hf_1"})
    assert "hf_1" not in clip(p, ["llm"])
    edit, (name,) = duplicate(p, ["llm"])
    p.apply(edit)
    assert p.services[name].environment == {"HF_TOKEN": "hf_1"}


def test_deleting_a_middle_one_joins_neighbours_that_fit(chatqna: Pipeline) -> None:
    edit = without(chatqna, ["reranking"], join=True)
    assert edit.label == "delete reranking and connect retriever to llm"
    chatqna.apply(edit)
    assert chatqna.flow(MAIN).has_edge("retriever", "llm")
    assert bridges(chatqna, ["retriever"]) == (), "an llm has no use for a vector"


def test_no_bridge_beside_another_way() -> None:
    p = Pipeline()
    a, b, c, d = (p.add("service", n) for n in "abcd")
    a >> (b, c) >> d
    assert bridges(p, ["b"]) == ()
    assert bridges(p, ["b", "c"]) == (("a", "d", MAIN),)


def test_a_new_service_takes_the_place_of_an_edge(chatqna: Pipeline) -> None:
    edit, names = inserted(chatqna, "guardrails", "embedding", "retriever")
    chatqna.apply(edit)
    assert names == ("guardrails",)
    edges = set(chatqna.flow(MAIN).edges)
    assert {("embedding", "guardrails"), ("guardrails", "retriever")} < edges
    assert ("embedding", "retriever") not in edges


def test_a_wire_to_an_engine_is_a_use_in_either_direction(chatqna: Pipeline) -> None:
    edit, name = extended(chatqna, "redis", "retriever")
    chatqna.apply(edit)
    assert chatqna.engines_of("retriever") == (name,)
    chatqna.apply(connected(chatqna, name, "dataprep"))
    assert chatqna.engines_of("dataprep") == (name,)


def test_fits_says_what_a_wire_may_end_at_and_why_not(chatqna: Pipeline) -> None:
    chatqna.add("redis")
    found = fits(chatqna, "embedding")
    assert found.targets["retriever"] == "embedding is already connected to retriever"
    assert found.targets["reranking"].endswith("put a retriever between")
    assert found.targets["dataprep"] == "dataprep is no step of this flow: it has one of its own, dataprep"
    assert "not redis" in found.targets["redis"]
    kinds = dict(found.kinds)
    assert found.kinds[0] == ("retriever", "")
    assert kinds["tei"] == ""
    assert kinds["llm"].startswith("embedding gives a vector, llm takes a question: ")
    assert dict(fits(chatqna, "redis").targets)["retriever"] == ""
    assert all(not why for _, why in fits(chatqna).kinds)


def test_what_usually_follows_is_offered_first_and_its_own_kind_late(chatqna: Pipeline) -> None:
    kinds = [kind for kind, why in fits(chatqna, "reranking").kinds if not why]
    assert kinds[:2] == ["llm", "llm-vllm"]
    assert kinds.index("reranking") > kinds.index("reranking-tei")


def test_what_is_put_between_can_be_connected_on_both_sides(chatqna: Pipeline) -> None:
    assert fits(chatqna, "embedding").targets["llm"].endswith("put a retriever between")


def test_a_note_without_a_place_covers_nothing(chatqna: Pipeline) -> None:
    chatqna.move("embedding", (0, -50))
    first, second = chatqna.notes[chatqna.note("one")], chatqna.notes[chatqna.note("two")]
    assert second.position[1] + second.size[1] < first.position[1] < first.position[1] + first.size[1] < -50


def test_a_note_whose_text_changes_stays_where_it_is(chatqna: Pipeline) -> None:
    key = chatqna.note("one", position=(7, 8), size=(300, 40))
    chatqna.note("two", key)
    assert (chatqna.notes[key].text, chatqna.notes[key].position, chatqna.notes[key].size) == ("two", (7, 8), (300, 40))
