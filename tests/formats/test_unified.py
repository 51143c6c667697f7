"""The unified YAML: every form of it read, mistakes told with their place, and written canonically."""

from __future__ import annotations

import random
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opea_nb import templates
from opea_nb.catalog import load_catalog
from opea_nb.errors import FormatError
from opea_nb.formats.unified import dumps, load, loads, save
from opea_nb.pipeline import MAIN, Flow, Pipeline, edits, wiring
from tests.formats.upstream import Reader

SAMPLES = Path(__file__).parent / "samples"
RFC = (SAMPLES / "rfc.yaml").read_text()
FULL = (SAMPLES / "full.yaml").read_text()


def one(fields: str, more: str = "") -> str:
    """A file with one llm of the given fields."""
    return f"opea_micro_services:\n  llm: {{{fields}}}\nopea_mega_service: {{mega_flow: [llm]}}\n{more}"


def test_the_rfcs_file_is_chatqna() -> None:
    pipeline = loads(RFC)
    assert {name: s.kind for name, s in pipeline.services.items()} == {
        "embedding": "embedding",
        "retrieval": "retriever",
        "reranking": "reranking",
        "llm": "llm",
    }
    assert pipeline.port == 8080
    assert list(pipeline.flow().edges) == [("embedding", "retrieval"), ("retrieval", "reranking"), ("reranking", "llm")]


def test_a_chatqna_made_in_python_writes_the_rfcs_form() -> None:
    chatqna = Pipeline("chatqna", port=8080)
    chatqna.add("embedding") >> chatqna.add("retriever") >> chatqna.add("reranking") >> chatqna.add("llm")
    chatqna.add("dataprep")
    text = RFC.replace("retrieval:", "retriever:").replace(">> retrieval", ">> retriever").replace("\n\n", "\n")
    text = text.replace("opea_mega_service:\n", "opea_mega_service:\n  name: chatqna\n")
    text = text.replace("opea_mega", "  dataprep:\n    endpoint: /v1/dataprep/ingest\n    port: 5000\nopea_mega")
    assert dumps(chatqna) == text + "  dataprep:\n    mega_flow:\n      - dataprep\n"


def test_absolute_urls_stay_exactly_as_written_and_named_flows_are_flows() -> None:
    pipeline = load(SAMPLES / "nested.yaml")
    assert pipeline.services["llm"].url == "http://llm.example:9000/v1/chat/completions"
    assert set(pipeline.flow("dataprep")) == {"dataprep"}
    assert set(pipeline.flow(MAIN)) == {"embedding", "llm"}
    assert pipeline.name == "nested"


def test_without_a_mega_flow_every_service_stands_alone() -> None:
    pipeline = loads("opea_micro_services: {llm: , embedding: {port: 1}}\nopea_mega_service: {}\n")
    assert set(pipeline.flow()) == {"llm", "embedding"}
    assert not pipeline.flow().edges


def test_a_service_that_nothing_is_known_of_is_a_generic_one() -> None:
    pipeline = load(SAMPLES / "toy.yaml")
    assert {s.kind for s in pipeline.services.values()} == {"service"}


def test_our_own_keys_are_read() -> None:
    pipeline = loads(FULL)
    embedding, writer = pipeline.services["embedding"], pipeline.services["writer"]
    assert embedding.environment == {"MODEL": "small", "VERSION": "1.10", "FLAG": "yes", "HF_TOKEN": "${HF_TOKEN}"}
    assert (embedding.replicas, embedding.resources) == (2, {"cpu": "2", "memory": "4Gi"})
    assert (embedding.position, embedding.extra) == ((10.0, 20.5), {"team": "search"})
    assert pipeline.engines_of("embedding") == ("tei",)
    assert (writer.kind, writer.api_key, writer.parameters["max_tokens"]) == ("llm", "MODEL_KEY", 64)
    assert pipeline.engines["db"].url == "http://db.example:6379"
    assert pipeline.flows["dataprep"] == Flow("dataprep", "/v1/prep", {"note": "kept"})
    assert pipeline.mega.extra == {"owner": {"mail": "a@b"}}
    assert pipeline.mega.document_extra == {"x-notes": [1, "two"], "opea_nb": {"theme": "dark"}}


def test_every_sample_comes_back_equal(sample_file: Path) -> None:
    pipeline = load(sample_file)
    text = dumps(pipeline)
    again = loads(text)
    assert again == pipeline
    assert dumps(again) == text
    assert {n: s.position for n, s in again.services.items()} == {n: s.position for n, s in pipeline.services.items()}


NAMES = st.sampled_from(["a", "b c", "llm", "retrieval", "no", "1", "é", "x-y_z", "redis", "~", "null", "a: b", "#c"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
EXTRA = st.dictionaries(
    st.sampled_from(["x", "y", "1", "off"]), TEXTS | st.lists(st.integers()) | st.none(), max_size=2
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "environment": st.dictionaries(st.sampled_from(["A", "B_C"]), TEXTS),
        "image": st.sampled_from(["opea/x:1.5", "1.10"]),
        "replicas": st.integers(1, 9),
        "resources": st.dictionaries(st.sampled_from(["cpu", "memory"]), st.sampled_from(["2", "2Gi"])),
        "extra": EXTRA,
        "position": st.tuples(st.floats(-1e6, 1e6), st.integers(-99, 99)),
    },
)
SERVICE_FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "url": st.sampled_from(["http://h:1/v1/chat/completions", "https://x.example/?a=b#c"]),
        "api_key": st.just("SOME_KEY"),
        "endpoint": st.sampled_from(["", "/v1/other", "/v2/é"]),
    },
)


@st.composite
def pipelines(draw: st.DrawFn) -> Pipeline:
    """Any pipeline that the public edits make."""
    catalog = load_catalog()
    pipeline = Pipeline(draw(st.sampled_from(["p", "1-x", "true"])), port=draw(st.integers(1, 19_999) | st.just(9000)))
    pipeline.configure(endpoint=draw(st.sampled_from(["", "/v1/x"])), extra=draw(EXTRA), document_extra=draw(EXTRA))
    for name in draw(st.lists(NAMES, unique=True, max_size=6)):
        kind = draw(st.sampled_from(sorted(catalog)))
        fields = draw(FIELDS)
        if catalog[kind].role == "service":
            fields |= draw(SERVICE_FIELDS)
            if fields.get("url"):
                fields.pop("endpoint", None)
            elif draw(st.booleans()):
                fields["port"] = 20_000 + len(pipeline.services)
            fields["flow"] = draw(st.sampled_from([MAIN, "dataprep", "two words"]))
            if kind == "llm":
                fields["parameters"] = draw(
                    st.fixed_dictionaries({}, optional={"chat_template": TEXTS, "top_p": st.floats(0, 1)})
                )
        pipeline.add(kind, name, **fields)
    names = list(pipeline.services)
    for a, b in draw(st.lists(st.tuples(NAMES, NAMES), max_size=8)):
        if a in names and b in names and names.index(a) < names.index(b):
            flow = draw(st.sampled_from(list(pipeline.flows)))
            if not pipeline.graph.has_edge(a, b):
                pipeline.connect(a, b, flow=flow)
    for service in names:
        for engine in pipeline.engines:
            if draw(st.booleans()):
                pipeline.use(service, engine)
    if "dataprep" in pipeline.flows:
        pipeline.apply(wiring.PutFlow(Flow("dataprep", "/v1/prep", draw(EXTRA))))
    return pipeline


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(pipelines(), st.randoms())
def test_any_pipeline_comes_back_equal_and_its_text_does_not_depend_on_order(
    pipeline: Pipeline, chance: random.Random
) -> None:
    text = dumps(pipeline)
    again = loads(text)
    assert again == pipeline
    assert dumps(again) == text
    shuffled = Pipeline(pipeline.name)
    shuffled.apply(
        edits.Configure({f: getattr(pipeline.mega, f) for f in ("port", "endpoint", "extra", "document_extra")})
    )
    for flow in chance.sample(list(pipeline.flows.values()), len(pipeline.flows)):
        shuffled.apply(wiring.PutFlow(flow))
    nodes = list(pipeline.graph.nodes(data=True))
    for _, data in chance.sample(nodes, len(nodes)):
        shuffled.apply(edits.Add(data["spec"], data["flows"]))
    links = list(pipeline.graph.edges(data=True))
    for a, b, data in chance.sample(links, len(links)):
        for flow in data["flows"]:
            shuffled.apply(wiring.Connect(a, b, flow))
        if data["kind"] == "uses":
            shuffled.apply(wiring.Use(a, b))
    assert shuffled == pipeline
    assert dumps(shuffled) == text


def main_flow(pipeline: Pipeline) -> dict[str, Any]:
    """What upstream's reader should make of it: it knows the main flow alone."""
    written = yaml.safe_load(dumps(pipeline))["opea_micro_services"]
    flow = pipeline.flow(MAIN)
    return {"endpoints": {name: written[name]["endpoint"] for name in flow}, "edges": sorted(map(list, flow.edges))}


def as_upstream(reader: Reader, text: str) -> dict[str, Any]:
    found = reader.read(text)
    return found | {"edges": sorted(found["edges"])} if "edges" in found else found


@pytest.mark.slow
def test_the_released_opea_comps_reads_the_same_before_and_after(sample_file: Path, upstream_reader: Reader) -> None:
    text = dumps(load(sample_file))
    assert as_upstream(upstream_reader, text) == main_flow(loads(text))
    assert as_upstream(upstream_reader, sample_file.read_text()) == as_upstream(upstream_reader, text)


@pytest.mark.slow
@pytest.mark.parametrize("name", templates.names())
def test_the_released_opea_comps_reads_every_template(name: str, upstream_reader: Reader) -> None:
    pipeline = templates.load(name)
    assert as_upstream(upstream_reader, dumps(pipeline)) == main_flow(pipeline)


@pytest.mark.slow
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(pipelines())
def test_the_released_opea_comps_reads_any_pipeline(upstream_reader: Reader, pipeline: Pipeline) -> None:
    assert as_upstream(upstream_reader, dumps(pipeline)) == main_flow(pipeline)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", "1:1", "no unified YAML"),
        ("[1]", "1:1", "no unified YAML"),
        ("opea_micro_services: {}\n", "1:1", r"`opea_mega_service` is missing"),
        (
            "opea_microservices: {}\nopea_mega_service: {}",
            "1:1",
            r"is missing\n.*is `opea_microservices` a misspelling",
        ),
        ("opea_micro_services: [a]\nopea_mega_service: {}", "1:22", "a list, not a mapping"),
        (RFC.replace(">> llm", ">> lllm"), "18:46", r"no service is called `lllm`\n.*did you mean `llm`"),
        (RFC.replace(" >> llm", ""), "11:3", r"service llm is in no mega_flow\n.*`- llm`"),
        (
            RFC.replace("endpoint: /v1/embeddings", "url: http://h/v1"),
            "3:5",
            "write the absolute URL as its `endpoint`",
        ),
        (RFC.replace("    - emb", "    emb"), "18:5", r"not a list of rules\n.*`- embedding >> retrieval"),
        (RFC.replace("- emb", "- (emb"), "18:7", r"not closed.*\n.*did you mean `embedding >> "),
        (RFC + "    - llm >> embedding\n", "19:14", "a cycle: embedding >> retrieval >> reranking >> llm >> embedding"),
        (RFC + "    - [llm]\n", "19:7", "not text"),
        (RFC + '    - "llm >>\n       "\n', "19:12", "nothing stands after"),
        (RFC + "    - |\n      llm >>\n      >> llm\n", "21:7", "nothing stands between"),
        (RFC + "  main: {mega_flow: [llm]}\n", "19:3", "the name of the flow above"),
        (RFC.replace("6000", "9000"), "13:11", r"port 9000 is taken by embedding \(line 4\)"),
        (RFC.replace("6000", "'6000'"), "4:11", r"port is text, not a number\n.*remove the quotes"),
        (RFC.replace("6000", "60000000"), "4:11", r"use 1 to 65535"),
        (RFC.replace("6000", "0"), "4:11", r"use 1 to 65535"),
        (RFC.replace("6000", "true"), "4:11", r"true or false, not a number"),
        (RFC.replace("6000", "06000"), "4:11", r"port 06000 is 3072 to YAML\n.*write port: 6000"),
        (RFC.replace("6000", "1:40"), "4:11", r"port 1:40 is 100 to YAML"),
        (RFC.replace("6000", "6000.0"), "4:11", r"port is 6000.0, not a whole number"),
        (RFC.replace("6000", "8080"), "4:11", r"port 8080 is the mega service's own"),
        (RFC.replace("8080", "-1"), "16:9", r"use 1 to 65535"),
        (RFC.replace("/v1/emb", "v1/emb"), "3:15", r"no URL path\n.*`/v1/embeddings`"),
        (RFC.replace("/v1/emb", "host:6000/v1/emb"), "3:15", r"no URL path\n.*`http://host:6000/v1/embeddings`"),
        (RFC.replace("  llm:", "  ~:"), "11:3", "a service name is empty, not text"),
        (
            RFC + "  other: {mega_flow: [llm], endpoint: /v1/pipeline}\n",
            "19:39",
            "flow other and flow main are both asked",
        ),
        ("opea_micro_services: {}\nopea_mega_service:\n", "2:1", "`opea_mega_service` is empty"),
        (RFC.replace("  llm:", "  1:"), "11:3", "a service name is a number, not text"),
        (RFC.replace("  llm:", '  "a,b":'), "11:3", "a `,` cannot be part"),
        (RFC.replace("  llm:", '  "a>b":'), "11:3", "a `>` cannot be part"),
        (one("endpoint: http://h:99999999/x"), "2:19", "no URL"),
        (one("endpoint: ftp://h/x"), "2:19", "no absolute HTTP URL"),
        (one("endpoint: http://me:secret@h/x"), "2:19", r"user name or password\n.*api_key"),
        (one("kind: lllm"), "2:15", r"no service of kind `lllm`\n.*did you mean `llm`"),
        (one("kind: redis"), "2:15", "no service of kind `redis`"),
        (one("image: 5"), "2:16", r"image is a number, not text\n.*quotes"),
        (one("form: oepa"), "2:15", r"no form `oepa`\n.*`opea`"),
        (one("replicas: 0"), "2:19", "replicas is 0"),
        (one("environment: [A=b]"), "2:22", "a list, not a mapping"),
        (one("environment: {A: }"), "2:26", r'A is empty, not text\n.*write ""'),
        (one("environment: {A: [1]}"), "2:26", "A is a list, not text"),
        (one("environment: {A=B: x}"), "2:23", "'A=B' cannot be set"),
        (one('environment: {A: "\\0"}'), "2:26", "A holds a NUL"),
        (one("parameters: {max_token: 5}"), "2:22", r"no parameter 'max_token'\n.*did you mean max_tokens"),
        (one("parameters: {max_tokens: many}"), "2:34", "not of type integer"),
        (one("parameters: {temperature: 3}"), "2:35", "above its maximum of 2"),
        (one("api_key: sk-123"), "2:18", r"no name of a variable"),
        (one("engines: redis"), "2:18", r"not a list\n.*`engines: \[redis\]`"),
        (one("engines: [reddis]", "opea_engines: {redis: }"), "2:19", r"no engine is called `reddis`\n.*`redis`"),
        (one("engines: [redis, redis]", "opea_engines: {redis: }"), "2:26", "stands twice"),
        (one("", "opea_engines: {llm: {kind: redis}}"), "2:3", "an engine and a service"),
        (one("", "opea_engines: {db: }"), "4:20", r"no engine of kind `service`"),
        (one("", "opea_nb: {layout: {llm: [1]}}"), "4:25", "not two numbers"),
        (one("", "opea_nb: {layout: {llm: [.nan, 1]}}"), "4:25", "not two numbers"),
        ("opea_micro_services: {x: {port: 5}}\nopea_mega_service: {}", "1:26", "service x has no endpoint"),
        (one("").replace("{mega", "{name: a b, mega"), "3:27", "no name for a pipeline"),
    ],
)
def test_mistakes_are_told_with_their_place(text: str, place: str, message: str) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        loads(text, "app.yaml")
    assert str(caught.value).startswith(f"app.yaml:{place}:")


def test_two_services_of_one_kind_without_ports_come_back_equal() -> None:
    text = "opea_micro_services: {a: {kind: llm}, b: {kind: llm}}\nopea_mega_service: {}\n"
    assert loads(dumps(loads(text))) == loads(text)


def test_what_the_format_cannot_carry_is_refused_on_writing() -> None:
    pipeline = Pipeline()
    pipeline.add("llm", extra={"port": 5})
    with pytest.raises(FormatError, match="'port' has a meaning of its own"):
        dumps(pipeline)
    pipeline = Pipeline()
    pipeline.add("llm", flow="port")
    with pytest.raises(FormatError, match="'port' cannot be written"):
        dumps(pipeline)


def test_a_file_is_replaced_as_a_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "my-app.yaml"
    path.write_text("old")
    path.chmod(0o640)
    assert save(path, loads(RFC, name="x")) == path
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert load(path).name == "x"
    unwritable = Pipeline()
    unwritable.add("llm", extra={"port": 5})
    with pytest.raises(FormatError):
        save(path, unwritable)
    assert load(path).name == "x"
    assert list(tmp_path.iterdir()) == [path]


def test_files_that_cannot_be_read_or_written_say_so(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="cannot be read"):
        load(tmp_path / "missing.yaml")
    with pytest.raises(FormatError, match="cannot be written"):
        save(tmp_path / "missing" / "x.yaml", Pipeline())
    (tmp_path / "big.yaml").write_text("#" * (1 << 20) + "#")
    with pytest.raises(FormatError, match="bytes of YAML"):
        load(tmp_path / "big.yaml")


@settings(
    max_examples=150, deadline=2000, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_damaged_files_are_read_or_refused_with_our_own_errors(sample_file: Path, data: st.DataObject) -> None:
    raw = bytearray(sample_file.read_bytes())
    words = [
        w.encode() for w in ("null", "[]", "{}", "a: b", ">>", "(", ")", ",", "&a", "*a", "!!int", "'", "\n  ", "1")
    ]
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw)))
        length = data.draw(st.integers(0, 12))
        match data.draw(st.sampled_from(["flip", "cut", "end", "insert", "swap", "lines"])):
            case "flip" if at < len(raw):
                raw[at] = data.draw(st.integers(0, 255))
            case "cut":
                del raw[at : at + length]
            case "end":
                del raw[at:]
            case "insert":
                raw[at:at] = data.draw(st.sampled_from(words))
            case "swap":
                raw[at : at + length] = bytes(reversed(raw[at : at + length]))
            case "lines":
                lines = raw.split(b"\n")
                i, j = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
                lines[i], lines[j] = lines[j], lines[i]
                raw = bytearray(b"\n".join(lines))
    try:
        pipeline = loads(bytes(raw))
    except FormatError:
        return
    assert loads(dumps(pipeline)) == pipeline
