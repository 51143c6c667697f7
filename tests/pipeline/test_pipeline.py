"""The pipeline as Python code writes, reads and compares it."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import networkx as nx
import pytest

from opea_nb.errors import CatalogError, CycleError, DuplicateName, PipelineError, UnknownName
from opea_nb.pipeline import MAIN, Pipeline, Service


def _with(name: str, **attributes: object) -> nx.DiGraph:
    graph = nx.DiGraph()
    graph.add_node(name, **attributes)
    return graph


def test_shift_operator_connects_in_order(chatqna: Pipeline) -> None:
    assert list(chatqna.flow(MAIN).edges) == [
        ("embedding", "retriever"),
        ("retriever", "reranking"),
        ("reranking", "llm"),
    ]


def test_groups_connect_each_to_each() -> None:
    p = Pipeline()
    a, b, c, d = (p.add("service", name) for name in "abcd")
    (a, b) >> c >> (d,)
    assert sorted(p.graph.edges) == [("a", "c"), ("b", "c"), ("c", "d")]


def test_a_branch_is_one_edit() -> None:
    p = Pipeline()
    a, b, c = (p.add("service", name) for name in "abc")
    a >> (b, c)
    assert p.undo() == "connect a to b and c"
    assert not p.graph.edges


def test_groups_stand_on_both_sides_and_may_be_lists() -> None:
    p = Pipeline()
    a, b, c, d, e = (p.add("service", name) for name in "abcde")
    [a, b] >> c >> (d, e)
    assert sorted(p.graph.edges) == [("a", "c"), ("b", "c"), ("c", "d"), ("c", "e")]


def test_a_name_stands_for_its_service_on_both_sides() -> None:
    p = Pipeline()
    a, b = p.add("service", "a"), p.add("service", "b")
    p.add("service", "c"), p.add("service", "d"), p.add("redis")
    "d" >> a >> ("b", "c")
    assert sorted(p.graph.edges) == [("a", "b"), ("a", "c"), ("d", "a")]
    with pytest.raises(UnknownName, match="did you mean 'c'"):
        b >> "cc"
    with pytest.raises(PipelineError, match="redis is an engine"):
        b >> "redis"


@pytest.mark.parametrize("other", [5, None, (1,), b"b", 1.5])
def test_what_is_no_service_has_no_place_in_a_flow(other: object) -> None:
    a = Pipeline().add("service", "a")
    with pytest.raises(TypeError, match="unsupported operand"):
        a >> other
    with pytest.raises(TypeError, match="unsupported operand"):
        other >> a


def test_an_empty_group_is_refused() -> None:
    a = Pipeline().add("service", "a")
    with pytest.raises(PipelineError, match="empty group"):
        a >> ()
    with pytest.raises(PipelineError, match="empty group"):
        [] >> a


def test_services_of_two_pipelines_are_not_connected_by_name() -> None:
    one, two = Pipeline("one"), Pipeline("two")
    a, b = one.add("service", "a"), two.add("service", "b")
    one.add("service", "b")
    with pytest.raises(PipelineError, match=r"two pipelines \(one and two\)"):
        a >> b
    assert not one.graph.edges


def test_flow_to_of_the_rfc(chatqna: Pipeline) -> None:
    tts = chatqna.add("service", "tts")
    chatqna.flow_to("llm", tts)
    assert chatqna.graph.has_edge("llm", "tts")


def test_a_handle_has_flow_to_as_well() -> None:
    p = Pipeline()
    a, b, _, d = (p.add("service", name) for name in "abcd")
    a.flow_to(b, "c").flow_to(d)
    assert sorted(p.graph.edges) == [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")]


def test_two_services_of_one_kind_get_names_and_ports_of_their_own(chatqna: Pipeline) -> None:
    second = chatqna.add("llm")
    assert second.name == "llm_2"
    assert second.spec.port == 9001
    assert not [p for p in chatqna.problems() if p.code == "port-clash"]


def test_dataprep_is_no_step_of_a_question(chatqna: Pipeline) -> None:
    assert "dataprep" not in chatqna.flow(MAIN)
    assert list(chatqna.flow("dataprep")) == ["dataprep"]


def test_repr_is_short_and_the_same_every_time(chatqna: Pipeline) -> None:
    assert repr(chatqna) == "<Pipeline chatqna: 5 services, 3 edges>"
    assert repr(chatqna.handle("llm")) == "<llm>"


def test_graph_reads_like_any_networkx_graph_and_refuses_writing(chatqna: Pipeline) -> None:
    assert nx.ancestors(chatqna.graph, "llm") == {"embedding", "retriever", "reranking"}
    assert chatqna.graph.nodes["llm"]["kind"] == "llm"
    with pytest.raises(nx.NetworkXError, match="Frozen"):
        chatqna.graph.add_node("x")


@pytest.mark.parametrize("part", ["graph", "flow"])
def test_attributes_of_the_graph_are_only_read(chatqna: Pipeline, part: str) -> None:
    before = chatqna.to_yaml()
    graph = chatqna.graph if part == "graph" else chatqna.flow(MAIN)
    with pytest.raises(PipelineError, match="only read"):
        nx.set_node_attributes(graph, "x", "kind")
    with pytest.raises(PipelineError, match="only read"):
        graph.edges["reranking", "llm"].update(flows=())
    graph.graph.clear()
    assert chatqna.to_yaml() == before


@pytest.mark.parametrize(
    "function",
    [
        nx.DiGraph.copy,
        nx.DiGraph.reverse,
        nx.DiGraph.to_undirected,
        nx.transitive_reduction,
        nx.transitive_closure,
        nx.dag_longest_path,
        nx.betweenness_centrality,
        nx.to_numpy_array,
        nx.node_link_data,
        nx.to_dict_of_dicts,
        nx.line_graph,
        nx.spring_layout,
        nx.weakly_connected_components,
        lambda g: nx.relabel_nodes(g, str.upper),
        lambda g: nx.compose(g, nx.DiGraph([("a", "b")])),
        lambda g: list(nx.generate_network_text(g)),
        lambda g: nx.is_isomorphic(g, g.copy(), node_match=lambda a, b: a["kind"] == b["kind"]),
        copy.deepcopy,
    ],
)
def test_functions_of_networkx_take_the_graph(chatqna: Pipeline, function: Callable[[object], object]) -> None:
    chatqna.use("retriever", chatqna.add("redis"))
    function(chatqna.graph)
    assert set(pickle.loads(pickle.dumps(chatqna.graph))) == set(chatqna.graph)


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))])
def test_a_copy_of_any_sort_is_equal_and_independent(chatqna: Pipeline, again: Callable[[Pipeline], Pipeline]) -> None:
    other = again(chatqna)
    assert other == chatqna
    other.remove("llm")
    other.add_flow("side")
    assert "llm" in chatqna.services
    assert "side" not in chatqna.flows


def test_graph_is_a_live_view() -> None:
    p = Pipeline()
    view = p.graph
    p.add("embedding")
    assert list(view) == ["embedding"]


def test_an_engine_is_used_not_flowed_to(chatqna: Pipeline) -> None:
    redis = chatqna.add("redis")
    chatqna.handle("retriever").uses(redis)
    assert chatqna.graph.edges["retriever", "redis"]["kind"] == "uses"
    assert chatqna.engines_of("retriever") == ("redis",)
    with pytest.raises(PipelineError, match="redis is an engine"):
        chatqna.connect("llm", "redis")


def test_a_cycle_is_refused_by_name_and_changes_nothing(chatqna: Pipeline) -> None:
    before = chatqna.copy()
    with pytest.raises(CycleError) as caught:
        chatqna.connect("llm", "embedding")
    assert caught.value.cycle == ("llm", "embedding", "retriever", "reranking")
    assert chatqna == before


def test_a_service_cannot_feed_itself(chatqna: Pipeline) -> None:
    with pytest.raises(CycleError, match="llm cannot feed itself"):
        chatqna.connect("llm", "llm")


def test_an_unknown_name_names_the_nearest(chatqna: Pipeline) -> None:
    with pytest.raises(UnknownName, match="did you mean 'retriever'"):
        chatqna.connect("retreiver", "llm")


def test_a_taken_name_is_refused(chatqna: Pipeline) -> None:
    with pytest.raises(DuplicateName):
        chatqna.add("llm", "embedding")


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(CatalogError, match=r"did you mean retriever\?|did you mean retriever or"):
        Pipeline().add("retreiver")
    with pytest.raises(CatalogError, match=r"did you mean embedding-tei or embedding\?"):  # an alias is no kind
        Pipeline().add("embeddings-tei")


@pytest.mark.parametrize("name", ["a,b", "(a", "a>b", "a→b", " a", "a ", "a\nb", "a\x00", "", "x" * 101])
def test_names_that_no_file_can_carry_are_refused(name: str) -> None:
    p = Pipeline()
    if name:
        with pytest.raises(PipelineError):
            p.add("service", name)
    p.add("service", "good")
    with pytest.raises(PipelineError):
        p.rename("good", name)
    assert list(p.services) == ["good"]


def test_parameters_are_checked_against_the_catalogue(chatqna: Pipeline) -> None:
    with pytest.raises(CatalogError, match="below its minimum"):
        chatqna.update("reranking", parameters={"top_n": 0})
    with pytest.raises(CatalogError, match="did you mean top_n"):
        chatqna.add("reranking", "r2", parameters={"topn": 3})
    chatqna.update("reranking", parameters={"top_n": 3})
    assert chatqna.services["reranking"].parameters == {"top_n": 3}


def test_updating_merges_parameters_and_none_takes_one_out(chatqna: Pipeline) -> None:
    chatqna.update("llm", parameters={"max_tokens": 5, "temperature": 0})
    chatqna.update("llm", parameters={"max_tokens": None})
    assert chatqna.services["llm"].parameters == {"temperature": 0}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"port": 70000}, "no TCP port"),
        ({"replicas": 0}, "replicas"),
        ({"url": "localhost:80"}, "absolute HTTP URL"),
        ({"endpoint": "v1/x"}, "URL path"),
        ({"api_key": "sk-123"}, "name of an environment variable"),
        ({"environment": {"A": 1}}, "variable with text"),
        ({"url": "http://h/v1", "endpoint": "/v2"}, "has a url and an endpoint"),
        ({"prot": 1}, "did you mean port"),
        ({"image": 5}, "image is 5, not text"),
        ({"url": 5}, "url is 5, not text"),
        ({"parameters": 5}, "parameters is 5, not a mapping"),
        ({"environment": "A=b"}, "not a mapping"),
        ({"resources": {"cpu": 2}}, "resources 'cpu' is 2, not text"),
        ({"position": (1, float("nan"))}, "no point"),
    ],
)
def test_bad_fields_are_refused_and_change_nothing(chatqna: Pipeline, fields: dict[str, object], message: str) -> None:
    before = chatqna.copy()
    with pytest.raises(PipelineError, match=message):
        chatqna.update("llm", **fields)
    assert chatqna == before


def test_unknown_fields_name_the_nearest(chatqna: Pipeline) -> None:
    with pytest.raises(PipelineError, match="did you mean port"):
        chatqna.add("llm", "second", prot=1)
    with pytest.raises(PipelineError, match="did you mean endpoint"):
        chatqna.configure(endpont="/v1/x")
    assert "second" not in chatqna.services


def test_saying_what_the_catalogue_says_is_saying_nothing(chatqna: Pipeline) -> None:
    before = chatqna.copy()
    chatqna.update("llm", port=9000, endpoint="/v1/chat/completions")
    assert chatqna == before


def test_handles_follow_renames_and_their_undoing(chatqna: Pipeline) -> None:
    llm = chatqna.handle("llm")
    llm.rename("writer")
    assert (llm.name, llm.spec.name) == ("writer", "writer")
    assert chatqna.graph.has_edge("reranking", "writer")
    chatqna.undo()
    assert llm.name == "llm"


def test_equality_ignores_order_and_positions() -> None:
    one, two = Pipeline(), Pipeline()
    one.add("embedding"), one.add("retriever")
    two.add("retriever"), two.add("embedding", position=(3.0, 4.0))
    assert one == two
    two.connect("embedding", "retriever")
    assert one != two


def test_from_networkx_takes_its_own_graph_back(chatqna: Pipeline) -> None:
    chatqna.add("redis")
    chatqna.use("retriever", "redis")
    chatqna.configure(port=8080, endpoint="/v1/ask")
    assert Pipeline.from_networkx(chatqna.graph) == chatqna


def test_from_networkx_takes_a_plain_graph_by_name_and_kind() -> None:
    graph = nx.DiGraph([("embeddings", "retrieval"), ("retrieval", "answer")], name="mine")
    graph.nodes["answer"].update(kind="llm", port=9100)
    p = Pipeline.from_networkx(graph)
    assert p.name == "mine"
    assert {n: s.kind for n, s in p.services.items()} == {
        "embeddings": "embedding",
        "retrieval": "retriever",
        "answer": "llm",
    }
    assert p.services["answer"].port == 9100


def test_from_networkx_names_a_cycle() -> None:
    with pytest.raises(CycleError) as caught:
        Pipeline.from_networkx(nx.DiGraph([("a", "b"), ("b", "c"), ("c", "a")]))
    assert set(caught.value.cycle) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (nx.Graph(), "directed"),
        ({"a": ["b"]}, "a dict is no networkx graph"),
        (nx.DiGraph([(1, "1")]), "'1' is already in the pipeline"),
        (nx.DiGraph([("llm", "llm")]), "llm cannot feed itself"),
        (nx.DiGraph([(("a", 1), "b")]), "a `,` cannot be part of a service name"),
        (nx.DiGraph([("vllm", "llm")]), "vllm is an engine"),
        (_with("llm", port="7"), "'7' is no TCP port"),
        (_with("llm", kind=5), "the kind of llm is 5"),
        (_with("llm", flows=5), "the flows of the node llm are 5"),
        (_with("llm", parameters={"temperature": 9}), "llm: temperature is 9, above"),
        (_with("llm", parameters={"temprature": 1}), "did you mean temperature"),
    ],
)
def test_graphs_that_are_no_pipeline_are_refused(graph: nx.DiGraph, message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        Pipeline.from_networkx(graph)


def test_from_networkx_takes_numbers_as_names_and_parallel_edges_as_one() -> None:
    graph = nx.MultiDiGraph([(1, 2), (1, 2), (2, 3)])
    graph.add_edge(3, 4, flows="side")
    p = Pipeline.from_networkx(graph)
    assert set(p.flow(MAIN).edges) == {("1", "2"), ("2", "3")}
    assert set(p.flow("side").edges) == {("3", "4")}


def test_from_networkx_gives_two_services_of_one_kind_ports_of_their_own() -> None:
    graph = nx.DiGraph([("first", "second"), ("second", "third")])
    nx.set_node_attributes(graph, "llm", "kind")
    graph.nodes["third"]["port"] = 9000
    p = Pipeline.from_networkx(graph)
    assert [p.services[n].port for n in ("first", "second", "third")] == [9001, 9002, 0]
    assert not [problem for problem in p.problems() if problem.code == "port-clash"]


def test_from_networkx_takes_relabelled_graphs_and_attributes_it_does_not_know(chatqna: Pipeline) -> None:
    graph = nx.relabel_nodes(chatqna.graph, {"llm": "writer"})
    graph.nodes["writer"].update(weight=3.5, color="red")
    assert Pipeline.from_networkx(graph).services["writer"].kind == "llm"


def test_observers_hear_every_edit_until_they_end(chatqna: Pipeline) -> None:
    heard: list[str] = []
    end = chatqna.observe(lambda p: heard.append(repr(p)))
    chatqna.add("service", "x")
    chatqna.undo()
    end()
    end()
    chatqna.redo()
    assert heard == ["<Pipeline chatqna: 6 services, 3 edges>", "<Pipeline chatqna: 5 services, 3 edges>"]


def test_a_notebook_shows_svg_with_text_beside_it(chatqna: Pipeline) -> None:
    bundle = chatqna._repr_mimebundle_()
    assert set(bundle) == {"image/svg+xml", "text/plain"}
    assert bundle["text/plain"] == repr(chatqna)


def test_a_service_is_a_value() -> None:
    assert Service("a", "llm") == Service("a", "llm", position=(1, 2))
