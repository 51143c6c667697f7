"""Compose files of OPEA's examples as pipelines: what is recognised, what is guessed, and that each guess is told."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from opea_nb.errors import FormatError, OpeaError
from opea_nb.formats.compose import read as reading
from opea_nb.formats.compose import write
from opea_nb.formats.conversion import Imported
from opea_nb.pipeline import MAIN, Pipeline
from tests.shared import SHARED

UPSTREAM = SHARED / "upstream" / "compose"


def read(text: str) -> Imported:
    return reading.read(text, source="compose.yaml")


def kinds(found: Imported) -> dict[str, str]:
    p = found.pipeline
    return {n: s.kind for n, s in {**p.services, **p.engines}.items()}


def rules(found: Imported, flow: str = MAIN) -> set[str]:
    return {f"{a} >> {b}" for a, b in found.pipeline.flow(flow).edges}


def noted(found: Imported) -> str:
    return "\n".join(map(str, found.notes))


GUARDED = """
version: "3.8"
x-proxies: &proxies
  no_proxy: ${no_proxy}
  http_proxy: ${http_proxy}
services:
  redis-db: {image: redis/redis-stack:7.2.0-v9, ports: ["6379:6379"], networks: [back]}
  tei-embed:
    image: ghcr.io/huggingface/tei-gaudi:1.5.0
    runtime: habana
    command: --model-id ${EMBEDDING_MODEL_ID:-BAAI/bge-large-en-v1.5} --auto-truncate
    ports: ["${EMBED_PORT:-8090}:80"]
  guard-engine:
    image: opea/vllm-gaudi:1.22.0
    environment: {HF_TOKEN: hf_literal_secret, LLM_MODEL_ID: meta-llama/Meta-Llama-Guard-2-8B}
    command: ["--model", "meta-llama/Meta-Llama-Guard-2-8B", "--port", "80"]
  answer-engine:
    image: registry.example.org:5000/opea/vllm-gaudi
    command: --model Qwen/Qwen2.5 --port 80
    ports: [{target: 80, published: "9009"}]
  guardrails:
    image: opea/guardrails:1.3
    environment:
      <<: *proxies
      SAFETY_GUARD_ENDPOINT: http://guard-engine:80
    ports: ["9090:9090"]
  embedding:
    image: ${REGISTRY:-opea}/embedding:${TAG:-latest}
    environment: [TEI_EMBEDDING_ENDPOINT=http://tei-embed:80, LOGFLAG]
    depends_on: {tei-embed: {condition: service_healthy}}
    ports: ["127.0.0.1:6100:6000/tcp"]
  retriever:
    image: opea/retriever
    environment: {REDIS_URL: "redis://user:pw@redis-db:6379", INDEX_NAME: books}
    depends_on: [redis-db]
  mega:
    image: ${REGISTRY:-opea}/chatqna:${TAG:-latest}
    environment:
      - GUARDRAIL_SERVICE_HOST_IP=guardrails
      - EMBEDDING_SERVICE_HOST_IP=embedding
      - RETRIEVER_SERVICE_HOST_IP=retriever
      - LLM_SERVER_HOST_IP=answer-engine
      - LLM_SERVER_PORT=80
    depends_on: [guardrails, embedding, retriever, answer-engine, guard-engine]
    ports: ["8899:8888"]
  chatqna-ui: {image: opea/chatqna-ui, ports: ["5173:5173"], depends_on: [mega]}
  jaeger: {image: "jaegertracing/all-in-one:1.67.0", environment: {ADMIN_PASSWORD: letmein}}
networks: {back: {driver: bridge}, front: {}}
"""


def test_images_and_addresses_tell_steps_from_engines() -> None:
    found = read(GUARDED)
    assert kinds(found) == {
        "guardrails": "guardrails",
        "embedding": "embedding",
        "retriever": "retriever",
        "answer-engine": "llm-vllm",
        "redis-db": "redis",
        "tei-embed": "tei",
        "guard-engine": "vllm",
    }
    p = found.pipeline
    assert {n: set(p.engines_of(n)) for n in p.services} == {
        "guardrails": {"guard-engine"},
        "embedding": {"tei-embed"},
        "retriever": {"redis-db"},
        "answer-engine": set(),
    }


def test_the_flow_is_guessed_from_the_mega_service_and_told_as_a_guess() -> None:
    found = read(GUARDED)
    assert rules(found) == {"guardrails >> embedding", "embedding >> retriever", "retriever >> answer-engine"}
    assert (found.pipeline.name, found.pipeline.port, found.pipeline.endpoint) == ("chatqna", 8899, "/v1/chatqna")
    assert "inferred: flow main: a Compose file has no flow" in noted(found)
    assert not found.pipeline.problems()


def test_variables_are_read_with_their_defaults_and_ports_in_all_forms() -> None:
    p = read(GUARDED).pipeline
    assert p.engines["tei-embed"].parameters["model"] == "BAAI/bge-large-en-v1.5"
    assert p.services["embedding"].port == 6100
    assert p.services["embedding"].environment == {"LOGFLAG": "${LOGFLAG}"}
    assert p.services["retriever"].environment == {"INDEX_NAME": "books"}


def test_nothing_is_dropped_without_a_word_and_no_secret_is_read() -> None:
    found = read(GUARDED)
    kept = found.pipeline.graph.graph["mega"].document_extra["compose"]
    assert set(kept["services"]) == {"mega", "chatqna-ui", "jaeger"}
    for item in ("chatqna-ui", "jaeger", "networks", "version", "x-proxies"):
        assert any(note.item == item for note in found.notes), item
    everything = found.pipeline.to_yaml() + noted(found)
    for secret in ("hf_literal_secret", "letmein", "user:pw"):
        assert secret not in everything
    assert Pipeline.from_yaml(found.pipeline.to_yaml()).to_yaml() == found.pipeline.to_yaml()


def test_a_server_is_a_step_where_only_variables_name_it() -> None:
    found = read("""
services:
  whisper-service: {image: "${REGISTRY:-opea}/whisper:${TAG:-latest}", ports: ["${W:-7066}:7066"]}
  speecht5-service: {image: opea/speecht5, ports: ["7055:7055"]}
  vllm-service: {image: "public.ecr.aws/q9t5s3a7/vllm-cpu-release-repo:v0.10.1", ports: ["${LLM_SERVER_PORT:-3006}:80"]}
  backend:
    image: opea/audioqna:1.5
    environment:
      - WHISPER_SERVER_HOST_IP=${WHISPER_SERVER_HOST_IP}
      - LLM_SERVER_HOST_IP=${LLM_SERVER_HOST_IP}
      - SPEECHT5_SERVER_HOST_IP=${SPEECHT5_SERVER_HOST_IP}
""")
    assert rules(found) == {"whisper-service >> vllm-service", "vllm-service >> speecht5-service"}
    assert kinds(found)["vllm-service"] == "llm-vllm"


def test_an_engine_of_an_engine_is_used_by_the_service_too() -> None:
    found = read("""
services:
  etcd: {image: quay.io/coreos/etcd:v3.5.5}
  minio: {image: minio/minio:RELEASE, environment: {MINIO_SECRET_KEY: minioadmin}}
  milvus-standalone:
    image: milvusdb/milvus:v2.4.6
    environment: {ETCD_ENDPOINTS: "etcd:2379", MINIO_ADDRESS: "minio:9000"}
    depends_on: [etcd, minio]
  dataprep:
    image: opea/dataprep
    environment: {MILVUS_HOST: milvus-standalone, DATAPREP_COMPONENT_NAME: OPEA_DATAPREP_MILVUS}
  retriever:
    image: opea/retriever
    environment: {MILVUS_HOST: milvus-standalone, RETRIEVER_COMPONENT_NAME: OPEA_RETRIEVER_MILVUS}
""")
    p = found.pipeline
    assert set(p.engines_of("retriever")) == set(p.engines_of("dataprep")) == {"milvus-standalone", "etcd", "minio"}
    assert "dataprep" in p.flows
    assert "minioadmin" not in p.to_yaml()


def test_services_extend_each_other_but_no_other_file_is_read() -> None:
    found = read("""
services:
  base: {image: opea/llm-docsum, environment: {LOGFLAG: "1", A: x}, ports: ["9000:9000"]}
  llm: {extends: {service: base}, environment: [A=y]}
  asr: {extends: {file: other.yml, service: asr}, image: opea/whisper}
  loop: {extends: loop, image: opea/speecht5}
  docsum: {image: opea/docsum, environment: {LLM_SERVICE_HOST_IP: llm, ASR_SERVICE_HOST_IP: asr}}
""")
    assert found.pipeline.services["llm"].environment == {"LOGFLAG": "1", "A": "y"}
    assert "asr >> llm" in rules(found)
    assert "lost: asr: extends 'asr' of other.yml, which is not read" in noted(found)
    assert "lost: loop: extends 'loop', which leads nowhere" in noted(found)


def test_a_model_elsewhere_becomes_a_step_with_a_url_to_fill_in() -> None:
    found = read("""
services:
  embed: {image: "ghcr.io/huggingface/text-embeddings-inference:cpu-1.7", container_name: tei-embedding-server}
  retriever: {image: opea/retriever, environment: {TEI_EMBEDDING_ENDPOINT: "http://embed"}}
  chatqna-backend:
    image: opea/chatqna
    environment:
      EMBEDDING_SERVER_HOST_IP: embed
      RETRIEVER_SERVICE_HOST_IP: retriever
      LLM_SERVER_HOST_IP: ${REMOTE_ENDPOINT}
      OPENAI_API_KEY: ${OPENAI_API_KEY}
""")
    assert rules(found) == {"embed >> retriever", "retriever >> llm"}
    assert found.pipeline.services["llm"].api_key == "OPENAI_API_KEY"
    assert "calls a model outside the file, by its LLM variables: set its url" in noted(found)
    assert "inferred: embed: a step of the flow, and used by retriever" in noted(found)


def test_several_mega_services_are_several_flows() -> None:
    found = read("""
services:
  emb: {image: opea/embedding}
  retriever: {image: opea/retriever}
  llm: {image: opea/llm-textgen}
  summary-llm: {image: opea/llm-docsum, ports: ["9003:9000"]}
  history: {image: opea/chathistory}
  chat:
    image: opea/chatqna
    environment: {EMBEDDING_SERVICE_HOST_IP: emb, RETRIEVER_SERVICE_HOST_IP: retriever, LLM_SERVICE_HOST_IP: llm}
  code: {image: opea/codegen, environment: {LLM_SERVICE_HOST_IP: llm}}
  sum: {image: opea/docsum, environment: {LLM_SERVICE_HOST_IP: summary-llm}}
""")
    p = found.pipeline
    assert rules(found) == {"emb >> retriever", "retriever >> llm"}
    assert set(p.flow("codegen")) == {"llm"}
    assert set(p.flow("docsum")) == {"summary-llm"}
    assert p.services["summary-llm"].port == 9003


def test_a_search_beside_the_documents_meets_them_at_the_model() -> None:
    found = read("""
services:
  emb: {image: opea/embedding}
  retriever: {image: opea/retriever}
  rerank: {image: opea/reranking}
  t2q: {image: opea/text2query-cypher}
  llm: {image: opea/llm-textgen}
  mega: {image: opea/hybridrag, depends_on: [emb, retriever, rerank, t2q, llm]}
""")
    assert rules(found) == {"emb >> retriever", "retriever >> rerank", "rerank >> llm", "t2q >> llm"}


@pytest.mark.parametrize(
    ("example", "image", "kind"),
    [
        ("codetrans", "llm-textgen", "llm"),
        ("docsum", "llm-docsum", "llm-docsum"),
        ("visualqna", "lvm", "lvm"),
        ("arb-post-hearing-assistant", "arb-post-hearing-assistant", "arb-post-hearing"),
    ],
)
def test_an_example_of_one_model_is_one_step_and_its_engine(example: str, image: str, kind: str) -> None:
    found = read(f"""
services:
  vllm: {{image: "${{REGISTRY:-opea}}/vllm-rocm:${{TAG:-latest}}", devices: [/dev/kfd, /dev/dri], ports: ["8081:8011"]}}
  model: {{image: "opea/{image}:1.5", environment: {{LLM_ENDPOINT: "http://${{host_ip}}:8081"}}}}
  backend: {{image: "opea/{example}", environment: [LLM_SERVICE_HOST_IP=model], depends_on: [model]}}
  {example}-gradio-ui: {{image: "opea/{example}-gradio-ui"}}
""")
    assert kinds(found) == {"model": kind, "vllm": "vllm"}
    assert found.pipeline.engines_of("model") == ("vllm",)


def test_a_file_without_a_mega_service_is_guessed_only_where_that_is_sure() -> None:
    chain = read("services: {r: {image: opea/retriever}, k: {image: opea/reranking}}")
    assert rules(chain) == {"r >> k"}
    unsure = read("services: {a: {image: opea/embedding}, b: {image: opea/embedding}, r: {image: opea/retriever}}")
    assert rules(unsure) == set()
    assert "this one no mega service" in noted(unsure)


def test_a_file_that_opea_nb_wrote_gives_its_pipeline_back(chatqna: Pipeline) -> None:
    chatqna.update("llm", parameters={"chat_template": "price: $5 {question}", "max_tokens": 3})
    found = reading.read(write(chatqna).text)
    assert found.pipeline.to_yaml() == chatqna.to_yaml()
    assert [note.kind for note in found.notes] == ["inferred"]


@pytest.mark.parametrize("file", sorted(UPSTREAM.glob("*.yaml")), ids=lambda f: f.stem)
def test_upstreams_samples_are_read(file: Path) -> None:
    found = reading.read(file.read_bytes(), source=file.name)
    raw = yaml.safe_load(file.read_bytes())
    kept = found.pipeline.graph.graph["mega"].document_extra["compose"]["services"]
    assert set(raw["services"]) == set(kinds(found)) | set(kept), "each service is somewhere"
    if file.stem == "chatqna-xeon":
        names = ["tei-embedding-service", "retriever", "tei-reranking-service", "vllm-service"]
        assert rules(found) == {f"{a} >> {b}" for a, b in itertools.pairwise(names)}
        assert [kinds(found)[n] for n in names] == ["embedding-tei", "retriever", "reranking-tei", "llm-vllm"]
        assert set(found.pipeline.engines_of("dataprep-redis-service")) == {"redis-vector-db"}
    assert Pipeline.from_yaml(found.pipeline.to_yaml()).to_yaml() == found.pipeline.to_yaml()


def test_a_file_of_other_things_is_refused() -> None:
    with pytest.raises(FormatError, match="no service of this file is a component"):
        read("services: {db: {image: nginx}}")
    with pytest.raises(FormatError, match="no Compose file"):
        read("a: 1")


PARTS: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1, 70000)
    | st.sampled_from(["${A:-${B}}", "opea/llm-textgen", "a:b:c", "$"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["image", "a", "service"]), inner),
    max_leaves=5,
)
KEYS = st.sampled_from(
    ["image", "environment", "ports", "depends_on", "command", "extends", "deploy", "links", "networks", "x", "volumes"]
)


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(["a", "b", "main", "a,b"]), st.dictionaries(KEYS, PARTS), min_size=1))
def test_only_our_own_errors_come_out(services: dict[str, Any]) -> None:
    services["llm"] = {"image": "opea/llm-textgen"}
    try:
        found = read(yaml.safe_dump({"services": services}))
        assert found.pipeline.to_yaml()
    except OpeaError:
        pass


@settings(max_examples=100)
@given(st.data())
def test_a_damaged_file_gives_an_error_with_a_place(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(GUARDED)))
    length = data.draw(st.integers(0, 40))
    put = data.draw(st.text(alphabet="{}[]:&*-${} \n\x00a", max_size=5))
    try:
        read(GUARDED[:start] + put + GUARDED[start + length :])
    except OpeaError:
        pass


TEI = (
    "{image: ghcr.io/huggingface/text-embeddings-inference:cpu-1.7, entrypoint: '/bin/sh -c \"%s\"', ports: ['%d:80']}"
)
ROUTER = "apt-get install -y curl && text-embeddings-router --model-id ${%s} --auto-truncate"


def test_the_name_of_the_program_tells_nothing_of_what_tei_serves() -> None:
    found = read(f"""services:
  tei-embedding-service: {TEI % (ROUTER % "EMBEDDING_MODEL_ID", 6006)}
  tei-reranking-service: {TEI % (ROUTER % "RERANK_MODEL_ID", 8808)}
  retriever: {{image: opea/retriever, environment: {{RETRIEVER_COMPONENT_NAME: OPEA_RETRIEVER_REDIS}}}}
  db: {{image: redis/redis-stack}}
  chat:
    image: opea/chatqna
    environment:
      MEGA_SERVICE_HOST_IP: chat
      EMBEDDING_SERVER_HOST_IP: tei-embedding-service
      RETRIEVER_SERVICE_HOST_IP: retriever
      RERANK_SERVER_HOST_IP: tei-reranking-service
""")
    assert rules(found) == {"tei-embedding-service >> retriever", "retriever >> tei-reranking-service"}
    assert kinds(found)["tei-reranking-service"] == "reranking-tei"


def test_a_store_beside_the_store_is_no_difference_between_those_that_share_it() -> None:
    found = read("""services:
  etcd: {image: quay.io/coreos/etcd:v3.5.5}
  minio: {image: minio/minio}
  milvus:
    image: milvusdb/milvus:v2.4.6
    environment: {ETCD_ENDPOINTS: "etcd:2379", MINIO_ADDRESS: "minio:9000"}
  dataprep:
    image: opea/dataprep
    depends_on: {milvus: {condition: service_healthy}, etcd: {condition: service_healthy}}
    environment: {DATAPREP_COMPONENT_NAME: OPEA_DATAPREP_MILVUS, MILVUS_HOST: "${host_ip}"}
  tei: {image: ghcr.io/huggingface/text-embeddings-inference:cpu-1.5, ports: ["6006:80"], command: --model-id a/embed}
  retriever:
    image: opea/retriever
    depends_on: [milvus]
    environment: {RETRIEVER_COMPONENT_NAME: OPEA_RETRIEVER_MILVUS, MILVUS_HOST: "${host_ip}"}
  chat:
    image: opea/chatqna
    environment: {EMBEDDING_SERVER_HOST_IP: tei, RETRIEVER_SERVICE_HOST_IP: retriever}
""")
    assert not found.pipeline.problems()


CODEGEN = """services:
  vllm: {image: opea/vllm, command: --model Qwen/Coder --port 80}
  llm-base: {image: opea/llm-textgen, environment: {LLM_ENDPOINT: "${LLM_ENDPOINT}"}}
  llm: {extends: llm-base, ports: ["9000:9000"], depends_on: [vllm]}
  embedder:
    image: opea/embedding
    depends_on: [tei]
    environment: {EMBEDDING_COMPONENT_NAME: OPEA_TEI_EMBEDDING}
  tei: {image: ghcr.io/huggingface/text-embeddings-inference:cpu-1.7, command: --model-id a/embed}
  db: {image: redis/redis-stack}
  retriever: {image: opea/retriever, depends_on: [db], environment: {TEI_EMBEDDING_ENDPOINT: "${TEI}"}}
  back:
    image: opea/codegen
    depends_on: {llm-base: {condition: service_started}}
    environment:
      - MEGA_SERVICE_HOST_IP=${MEGA_SERVICE_HOST_IP}
      - LLM_SERVICE_HOST_IP=${LLM_SERVICE_HOST_IP}
      - RETRIEVAL_SERVICE_HOST_IP=${RETRIEVAL_SERVICE_HOST_IP}
      - TEI_EMBEDDING_HOST_IP=${TEI_EMBEDDING_HOST_IP}
"""


def test_a_step_is_known_by_the_word_in_its_variable_whatever_stands_before() -> None:
    assert rules(read(CODEGEN)) == {"embedder >> retriever", "retriever >> llm"}


def test_what_is_only_there_to_be_extended_is_no_service() -> None:
    found = read(CODEGEN)
    assert "llm-base" not in found.pipeline.services
    assert "llm-base: is only extended, by llm" in noted(found)
    assert ("llm", "vllm") in found.pipeline.graph.edges


def test_an_application_that_is_no_component_uses_the_engines_that_it_waits_for() -> None:
    found = read("""services:
  vllm-server: {image: opea/vllm-gaudi:1.22.0, runtime: habana, command: --model Qwen/Qwen3 --port 80}
  research: {image: opea/deep-research-agent, ports: ["8022:8022"], depends_on: [vllm-server]}
""")
    assert ("research", "vllm-server") in found.pipeline.graph.edges


def test_an_agent_is_no_web_front_for_thinking_in_react() -> None:
    found = read("""services:
  worker: {image: opea/comps-agent-langchain, ports: ["9095:9095"], environment: {strategy: rag_agent}}
  supervisor-react-agent: {image: opea/agent-langchain, ports: ["9090:9090"], depends_on: [worker]}
""")
    assert kinds(found) == {"worker": "agent", "supervisor-react-agent": "agent"}
    assert list(found.pipeline.flow(MAIN)) == ["supervisor-react-agent"]


def test_an_engine_of_another_maker_is_known_by_the_name_of_its_image() -> None:
    found = read("""services:
  engine: {image: budstudio/vllm-cpu:0.11.0, command: "--model ${LLM_MODEL_ID}", ports: ["8028:8000"]}
  llm: {image: opea/llm-textgen, depends_on: [engine]}
  back: {image: opea/polylingua, depends_on: [llm], environment: {LLM_SERVICE_HOST_IP: "${LLM_SERVICE_HOST_IP}"}}
""")
    assert kinds(found) == {"engine": "vllm", "llm": "llm"}
    assert found.pipeline.engines["engine"].image == "budstudio/vllm-cpu:0.11.0"
    assert "not the catalogue's (budstudio/vllm-cpu:0.11.0)" in noted(found)


def test_an_exporter_of_an_engine_is_no_engine() -> None:
    found = read("""services:
  llm: {image: opea/llm-textgen}
  watch: {image: example/vllm-exporter}
""")
    assert kinds(found) == {"llm": "llm"}


def test_a_model_elsewhere_is_not_the_one_of_another_mega_service() -> None:
    found = read("""services:
  summing: {image: opea/llm-docsum, ports: ["9003:9000"], environment: {LLM_ENDPOINT: "${REMOTE}"}}
  docsum: {image: opea/docsum, environment: {MEGA_SERVICE_HOST_IP: m, LLM_SERVICE_HOST_IP: summing}}
  code: {image: opea/codegen, environment: {MEGA_SERVICE_HOST_IP: m, LLM_SERVICE_HOST_IP: "${REMOTE}"}}
""")
    assert {name: list(found.pipeline.flow(name)) for name in found.pipeline.flows} == {
        MAIN: ["summing"],
        "codegen": ["llm"],
    }


def test_a_store_that_embeds_for_itself_makes_no_step_of_its_engine() -> None:
    found = read("""services:
  neo4j: {image: "neo4j:latest"}
  tei: {image: ghcr.io/huggingface/text-embeddings-inference:cpu-1.5, command: --model-id a/embed}
  tgi: {image: ghcr.io/huggingface/tgi-gaudi:2.0.6, runtime: habana, command: --model-id a/b}
  retriever: {image: opea/retriever-neo4j-llamaindex, depends_on: [neo4j, tei, tgi]}
  back:
    image: opea/graphrag
    depends_on: [neo4j, tei, retriever, tgi]
    environment: {MEGA_SERVICE_HOST_IP: back, RETRIEVER_SERVICE_HOST_IP: retriever, LLM_SERVER_HOST_IP: tgi}
""")
    assert rules(found) == {"retriever >> tgi"}


def test_what_multimodalqna_calls_itself_is_no_step_of_its_flow() -> None:
    found = read("""services:
  whisper: {image: opea/whisper}
  lvm: {image: opea/lvm, environment: {LVM_COMPONENT_NAME: OPEA_LLAVA_LVM}}
  back:
    image: opea/multimodalqna
    environment: {LVM_SERVICE_HOST_IP: "${LVM_SERVICE_HOST_IP}", WHISPER_SERVER_ENDPOINT: "${WHISPER_SERVER_ENDPOINT}"}
""")
    assert list(found.pipeline.flow(MAIN)) == ["lvm"]
    assert "whisper: no mega service of the file is seen to call it" in noted(found)


def test_options_of_a_command_that_the_catalogue_has_not_are_kept() -> None:
    found = read("""services:
  vllm: {image: opea/vllm, command: --model a/b --host 0.0.0.0 --port 80 --max-model-len 8192}
  llm: {image: opea/llm-textgen, depends_on: [vllm]}
""")
    assert "--max-model-len" in found.pipeline.engines["vllm"].extra["compose"]["command"]
    assert "vllm: command: not read: kept under `compose`" in noted(found)


def test_the_application_that_a_mega_service_waits_for_is_kept_as_a_service() -> None:
    found = read("""services:
  server: {image: "edgecraftrag.server:latest", ports: ["16010:16010"]}
  back: {image: "edgecraftrag.ecrag:latest", environment: {MEGA_SERVICE_PORT: "16011"}, depends_on: [server]}
""")
    assert kinds(found) == {"server": "service"}


def test_steps_that_are_told_the_same_open_address_use_the_same_engine() -> None:
    found = read("""services:
  engine: {image: opea/llm-vllm-rocm, devices: [/dev/kfd], command: "--model a/b"}
  worker: {image: opea/agent, ports: ["9095:9095"], environment: {llm_endpoint_url: "${LLM_URL}"}}
  elsewhere: {image: opea/agent, ports: ["9096:9096"], environment: {llm_endpoint_url: "${OTHER_URL}"}}
  supervisor: {image: opea/agent, depends_on: [engine, worker], environment: {llm_endpoint_url: "${LLM_URL}"}}
""")
    assert kinds(found)["engine"] == "vllm"
    assert set(found.pipeline.graph.predecessors("engine")) == {"worker", "supervisor"}


def test_a_model_elsewhere_stands_before_what_speaks_its_answer() -> None:
    found = read("""services:
  hear: {image: opea/whisper}
  speak: {image: opea/speecht5}
  back:
    image: opea/audioqna
    environment: {WHISPER_SERVER_HOST_IP: hear, LLM_SERVER_HOST_IP: "${REMOTE}", SPEECHT5_SERVER_HOST_IP: speak}
""")
    assert rules(found) == {"hear >> llm", "llm >> speak"}


def test_what_an_older_image_runs_on_is_kept() -> None:
    found = read("""services:
  engine: {image: "opea/llm-vllm-rocm:${TAG:-latest}", devices: [/dev/kfd, /dev/dri], command: "--model a/b"}
  llm: {image: opea/llm-textgen, depends_on: [engine]}
""")
    assert found.pipeline.engines["engine"].form == "rocm"


@pytest.mark.timeout(20)
def test_a_variable_with_a_name_without_end_takes_no_time() -> None:
    variable = "A_" * 100_000 + "HOST_IP"
    found = read(f"""services:
  llm: {{image: opea/llm-textgen}}
  back:
    image: opea/chatqna
    environment:
      ? {variable}
      : x
""")
    assert list(found.pipeline.flow(MAIN)) == ["llm"]


def test_a_reranking_server_with_nothing_to_rank_is_an_engine() -> None:
    found = read("""services:
  tei-embedding-service: {command: "--model-id a/embed --otlp-endpoint http://jaeger:4317"}
  tei-reranking-service: {command: "--model-id a/rank --otlp-endpoint http://jaeger:4317"}
  chatqna-backend-server: {environment: [ENABLE_OPEA_TELEMETRY=true]}
""")
    assert list(found.pipeline.engines) == ["tei-reranking-service"]
    assert not found.pipeline.problems()


def test_every_note_has_its_place_in_the_file() -> None:
    found = reading.read(
        """services:
  my.store: {image: "elasticsearch:8.16.0"}
  retriever:
    image: opea/retriever:1.3
    environment:
      no_proxy: ${no_proxy}
      INDEX_NAME: ${INDEX_NAME}
  llm:
    image: opea/llm-textgen:1.3
    environment: {no_proxy: "${no_proxy}", LLM_MODEL_ID: "${LLM_MODEL_ID}"}
""",
        source="c.yaml",
    )
    assert [e.kind for e in found.pipeline.engines.values()] == ["elasticsearch"]
    assert [n for n in found.notes if not n.where.startswith("c.yaml:")] == []
    places = {n.item: n.where for n in found.notes}
    assert [n.item for n in found.notes].count("no_proxy") == 1
    assert (places["no_proxy"], places["${LLM_MODEL_ID}"], places["flow main"]) == (
        "c.yaml:5:5",
        "c.yaml:8:3",
        "c.yaml:1:1",
    )
