"""Python for opea-comps, read by its syntax tree."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opea_nb.errors import FormatError, OpeaError
from opea_nb.formats import comps_python
from opea_nb.formats.conversion import Imported
from opea_nb.pipeline import MAIN, Pipeline
from tests.formats.comps_python.test_running import direct
from tests.gateway.gateways import chatqna, diamond
from tests.shared import shared

EXAMPLE = '''
import os
from comps import MegaServiceEndpoint, MicroService, ServiceOrchestrator, ServiceRoleType, ServiceType

MEGA_SERVICE_PORT = int(os.getenv("MEGA_SERVICE_PORT", 8123))
EMBEDDING_SERVER_HOST_IP = os.getenv("EMBEDDING_SERVER_HOST_IP", "0.0.0.0")
EMBEDDING_SERVER_PORT = int(os.getenv("EMBEDDING_SERVER_PORT", 81))
RETRIEVER_SERVICE_HOST_IP = os.getenv("RETRIEVER_SERVICE_HOST_IP", "0.0.0.0")
RETRIEVER_SERVICE_PORT = int(os.getenv("RETRIEVER_SERVICE_PORT", 7000))
LLM_SERVER_HOST_IP = os.environ.get("LLM_SERVER_HOST_IP", "0.0.0.0")
LLM_SERVER_PORT = int(os.environ.get("LLM_SERVER_PORT") or "9001")


def align_inputs(self, inputs, *args, **kwargs):
    return inputs


class BookQnAService:
    def __init__(self, host="0.0.0.0", port=8000):
        self.host = host
        self.port = port
        ServiceOrchestrator.align_inputs = align_inputs
        self.megaservice = ServiceOrchestrator()
        self.endpoint = str(MegaServiceEndpoint.CHAT_QNA)

    def add_remote_service_without_rerank(self):
        llm = MicroService(name="llm", host="x", port=1, endpoint="/v1/chat/completions", service_type=ServiceType.LLM)
        self.megaservice.add(llm)

    def add_remote_service(self):
        embedding = MicroService(
            name="embedding", host=EMBEDDING_SERVER_HOST_IP, port=EMBEDDING_SERVER_PORT, endpoint="/embed",
            use_remote_service=True, service_type=ServiceType.EMBEDDING,
        )
        retriever = MicroService(
            name="retriever", host=RETRIEVER_SERVICE_HOST_IP, port=RETRIEVER_SERVICE_PORT, endpoint="/v1/retrieval",
            use_remote_service=True, service_type=ServiceType.RETRIEVER,
        )
        llm = MicroService(
            name="llm", host=LLM_SERVER_HOST_IP, port=LLM_SERVER_PORT, endpoint="/v1/chat/completions",
            use_remote_service=True, service_type=ServiceType.LLM,
        )
        self.megaservice.add(embedding).add(retriever).add(llm)
        self.megaservice.flow_to(embedding, retriever)
        self.megaservice.flow_to(retriever, llm)

    async def handle_request(self, request):
        ...

    def start(self):
        self.service = MicroService(
            self.__class__.__name__, service_role=ServiceRoleType.MEGASERVICE, host=self.host, port=self.port,
            endpoint=self.endpoint,
        )
        self.service.add_route(self.endpoint, self.handle_request, methods=["POST"])
        self.service.start()


if __name__ == "__main__":
    book = BookQnAService(port=MEGA_SERVICE_PORT)
    book.add_remote_service()
    book.start()
'''  # fmt: skip


def edges(pipeline: Pipeline, flow: str = MAIN) -> set[tuple[str, str]]:
    return set(pipeline.flow(flow).edges)


def noted(found: Imported) -> str:
    return "\n".join(map(str, found.notes))


def test_the_rfcs_first_interface_is_read() -> None:
    text = shared("seed", "rfc-deployment.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert code is not None
    found = comps_python.read(textwrap.dedent(code[1]), source="rfc.py")
    p = found.pipeline
    assert {n: s.kind for n, s in p.services.items()} == {
        "embedding": "embedding",
        "retriever": "retriever",
        "rerank": "reranking",
        "llm": "llm",
    }
    assert edges(p) == {("embedding", "retriever"), ("retriever", "rerank"), ("rerank", "llm")}
    assert (p.name, p.port, p.endpoint) == ("chatqna", 8080, "/v1/chatqna")
    assert found.notes == ()
    assert not p.problems()


def test_ports_hosts_and_the_mega_service_are_followed_through_variables_and_arguments() -> None:
    p = comps_python.read(EXAMPLE, source="book.py").pipeline
    assert (p.name, p.port, p.endpoint) == ("bookqna", 8123, "/v1/chatqna")
    assert {n: (s.kind, s.port) for n, s in p.services.items()} == {
        "embedding": ("embedding-tei", 81),
        "retriever": ("retriever", 0),
        "llm": ("llm-vllm", 9001),
    }
    assert p.services["embedding"].extra["opea_comps"]["host"] == "EMBEDDING_SERVER_HOST_IP"
    assert edges(p) == {("embedding", "retriever"), ("retriever", "llm")}


def test_what_is_not_taken_over_is_told_item_by_item() -> None:
    notes = noted(comps_python.read(EXAMPLE, source="book.py"))
    assert "lost: align_inputs:" in notes
    assert "lost: handle_request:" in notes
    assert "lost: add_remote_service_without_rerank: another way to build" in notes


def test_several_orchestrators_are_flows_of_one_pipeline() -> None:
    found = comps_python.read("""
from comps import MicroService, ServiceOrchestrator
class CodeService:
    def __init__(self):
        self.megaservice = ServiceOrchestrator()
        self.megaservice_embedding = ServiceOrchestrator()
    def add_remote_service(self):
        embedding = MicroService(name="embedding", port=6000, endpoint="/v1/embeddings")
        retriever = MicroService(name="retriever", port=7000, endpoint="/v1/retrieval")
        llm = MicroService(name="llm", port=9000, endpoint="/v1/chat/completions")
        self.megaservice.add(embedding).add(retriever).add(llm)
        self.megaservice.flow_to(embedding, retriever)
        self.megaservice.flow_to(retriever, llm)
        self.megaservice_embedding.add(embedding).add(retriever)
        self.megaservice_embedding.flow_to(embedding, retriever)
""")
    assert edges(found.pipeline) == {("embedding", "retriever"), ("retriever", "llm")}
    assert edges(found.pipeline, "embedding") == {("embedding", "retriever")}


def test_a_condition_is_taken_to_hold_and_noted_where_it_stands() -> None:
    found = comps_python.read(
        """
import sys
from comps import MicroService, ServiceOrchestrator
flow = ServiceOrchestrator()
a, b = MicroService(name="asr", endpoint="/v1/asr"), MicroService(name="llm", endpoint="/v1/chat/completions")
flow.add(a).add(b)
if "--direct" in sys.argv:
    flow.flow_to(a, b)
else:
    flow.flow_to(b, a)
for step in [a, b]:
    flow.flow_to(step, missing)
""",
        source="cond.py",
    )
    assert edges(found.pipeline) == {("asr", "llm")}
    assert "inferred: line 7: a condition that is decided when the file runs" in noted(found)
    assert "(cond.py:7:1)" in noted(found)
    assert "`flow.flow_to(step, missing)` names what only running the file tells" in noted(found)


def test_a_key_in_plain_text_is_never_read_and_a_variables_name_is_kept() -> None:
    found = comps_python.read("""
import os
from comps import MicroService, ServiceOrchestrator
o = ServiceOrchestrator()
o.add(MicroService(name="llm", host="https://api.example.org", api_key=os.getenv("OPENAI_API_KEY"),
                   endpoint="/v1/chat/completions"))
o.add(MicroService(name="other", api_key="sk-very-secret", endpoint="/v1/x"))
""")
    llm = found.pipeline.services["llm"]
    assert (llm.url, llm.api_key) == ("https://api.example.org/v1/chat/completions", "OPENAI_API_KEY")
    assert "sk-very-secret" not in found.pipeline.to_yaml() + noted(found)
    assert "other.api_key" in noted(found)


def test_nothing_of_the_file_is_run(tmp_path: Path) -> None:
    trap = tmp_path / "ran"
    text = f"open({str(trap)!r}, 'w')\n{EXAMPLE}\nopen({str(trap)!r}, 'w')\n"
    comps_python.read(text)
    assert not trap.exists()


def remote() -> Pipeline:
    p = Pipeline("remote", port=9999, endpoint="/v1/ask")
    p.add("retriever", parameters={"k": 2}) >> p.add(
        "llm",
        url="https://api.example.org/v1/chat/completions",
        api_key="OPENAI_API_KEY",
        parameters={"temperature": 0.5},
    )
    p.add("embedding", name="import", url="http://127.0.0.2:1/v1/embeddings", flow="second")
    return p


@pytest.mark.parametrize("pipeline", [chatqna(), direct(), diamond(), remote()], ids=lambda p: p.name)
def test_what_was_written_is_read_back_as_it_was(pipeline: Pipeline) -> None:
    written = comps_python.write(pipeline)
    found = comps_python.read(written.text, source="written.py")
    assert found.notes == ()
    assert found.pipeline.to_yaml() == pipeline.to_yaml()
    assert comps_python.write(found.pipeline) == written


def test_a_contract_that_opea_comps_cannot_speak_is_refused_by_the_services_name() -> None:
    p = Pipeline("voice")
    p.add("asr", name="ears") >> p.add("llm")
    with pytest.raises(FormatError, match=r"ears \(asr\) speaks AudioTranscriptionRequest") as caught:
        comps_python.write(p)
    assert "asr-whisper" in caught.value.hint


def test_a_step_for_some_requests_is_refused_unless_it_may_always_run() -> None:
    p = Pipeline("p")
    p.add("llm", name="big", extra={"when": {"model": "big"}})
    with pytest.raises(FormatError, match=r"big: .* cannot choose by the request") as caught:
        comps_python.write(p)
    assert "always=true" in caught.value.hint
    written = comps_python.write(p, always=True)
    assert [(n.kind, n.item) for n in written.notes] == [("lost", "big.when")]


def test_names_that_are_no_python_names_are_carried() -> None:
    p = Pipeline("odd-1")
    for name in ("class", "a b", "a-b", "1st", 'it\'s "x"', "self"):
        p.add("service", name=name, endpoint="/x", port=1000 + len(p.services))
    found = comps_python.read(comps_python.write(p).text)
    assert set(found.pipeline.services) == set(p.services)


@pytest.mark.parametrize(
    "text",
    [
        *("", "x = (", "import os", "from comps import MicroService\nMicroService(name='a')", "x = 1\x00"),
        *("(" * 5000, "-" * 100_000 + "1", "a" + ".b" * 50_000, "1" + "+1" * 50_000),
        "if 1:\n" + "".join(" " * i + "if 1:\n" for i in range(1, 150)),
    ],
    ids=range(10),
)
def test_what_makes_no_services_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        comps_python.read(text)


LINES = EXAMPLE.splitlines()


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(st.integers(0, len(LINES) - 1), st.sampled_from(["", "x", "    ", "o.add(o)", "if x:", "\x00"]))
    ),
    st.integers(0, 20),
)
def test_only_our_own_errors_come_out(changes: list[tuple[int, str]], drop: int) -> None:
    lines = list(LINES)
    for place, text in changes:
        lines[place] = text
    try:
        comps_python.read("\n".join(lines[drop:]))
    except OpeaError:
        pass


def test_the_orchestrator_that_is_called_megaservice_is_the_main_flow() -> None:
    found = comps_python.read(
        """
        from comps import MicroService, ServiceOrchestrator

        class Service:
            def __init__(self):
                self.lvm_megaservice = ServiceOrchestrator()
                self.megaservice = ServiceOrchestrator()
                self.endpoint = "/v1/pictures"

            def add_remote_service(self):
                emb = MicroService(name="embedding", endpoint="/v1/embeddings", port=6000)
                lvm = MicroService(name="lvm", endpoint="/v1/lvm", port=9399)
                self.megaservice.add(emb).add(lvm)
                self.megaservice.flow_to(emb, lvm)
                self.lvm_megaservice.add(lvm)

            async def handle_request(self, request):
                chosen = self.megaservice if request else self.lvm_megaservice
                return await chosen.schedule()

            def start(self):
                service = MicroService("x", service_role=ServiceRoleType.MEGASERVICE, endpoint=self.endpoint)
                service.add_route(self.endpoint, self.handle_request)
    """.replace("\n        ", "\n")
    )
    assert edges(found.pipeline) == {("embedding", "lvm")}
    assert {name: flow.endpoint for name, flow in found.pipeline.flows.items()} == {MAIN: "", "lvm": ""}
    assert list(found.pipeline.flow("lvm")) == ["lvm"]


def test_a_service_that_is_added_to_nothing_is_kept_and_told() -> None:
    text = EXAMPLE.replace(
        "        self.megaservice.add(emb",
        "        cypher = MicroService(name='text2cypher', endpoint='/v1/text2cypher', port=9097)\n"
        "        self.megaservice.add(emb",
    )
    found = comps_python.read(text)
    assert list(found.pipeline.flow("text2cypher_only")) == ["text2cypher"]
    assert "text2cypher: is added to no orchestrator" in noted(found)


def test_functions_that_are_registered_as_services_are_found_by_name() -> None:
    found = comps_python.read("""
from comps import ServiceOrchestrator, opea_microservices, register_microservice

@register_microservice(name="s1", host="0.0.0.0", port=8083, endpoint="/v1/add")
async def add(request):
    return request

@register_microservice(name="s2", host="0.0.0.0", port=8084, endpoint="/v1/add")
async def add_more(request):
    return request

class TestIt:
    @classmethod
    def setUpClass(cls):
        cls.s1 = opea_microservices["s1"]
        cls.builder = ServiceOrchestrator()
        cls.builder.add(opea_microservices["s1"]).add(opea_microservices["s2"])
        cls.builder.flow_to(cls.s1, opea_microservices["s2"])
""")
    assert edges(found.pipeline) == {("s1", "s2")}
    assert {n: (s.port, s.endpoint) for n, s in found.pipeline.services.items()} == {
        "s1": (8083, "/v1/add"),
        "s2": (8084, "/v1/add"),
    }


@pytest.mark.parametrize(
    ("base", "made", "served"),
    [
        ("", "self.megaservice = ServiceOrchestrator()", "AudioQnAGateway(megaservice=self.megaservice, port=8889)"),
        (
            "(Gateway)",
            "super().__init__(megaservice=ServiceOrchestrator(), port=1)",
            "MicroService('x', service_role=ServiceRoleType.MEGASERVICE, port=8889, endpoint='/v1/audioqna')",
        ),
    ],
)
def test_gateways_of_older_releases_are_followed(base: str, made: str, served: str) -> None:
    found = comps_python.read(f"""
from comps import AudioQnAGateway, Gateway, MicroService, ServiceOrchestrator

class Audio{base}:
    def __init__(self):
        {made}

    def add_remote_service(self):
        asr = MicroService(name="asr", endpoint="/v1/asr", port=7066)
        llm = MicroService(name="llm", endpoint="/v1/chat/completions", port=9000)
        self.megaservice.add(asr).add(llm)
        self.megaservice.flow_to(asr, llm)
        self.service = {served}
""")
    assert edges(found.pipeline) == {("asr", "llm")}
    assert (found.pipeline.port, found.pipeline.endpoint) == (8889, "/v1/audioqna")


def test_a_file_that_has_its_flow_from_yaml_says_which() -> None:
    with pytest.raises(FormatError, match=r"flow is in audio\.yaml"):
        comps_python.read("from comps import ServiceOrchestratorWithYaml as S\nimport comps\n"
                          "mega = comps.ServiceOrchestratorWithYaml('audio.yaml')\n")  # fmt: skip


def test_a_key_is_not_wanted_for_a_model_of_this_machine() -> None:
    text = EXAMPLE.replace('name="llm", host=LLM_SERVER_HOST_IP,', 'name="llm", host=LLM_SERVER_HOST_IP, api_key=KEY,')
    found = comps_python.read(text.replace("class Book", 'KEY = os.getenv("KEY", None)\n\n\nclass Book'))
    assert found.pipeline.services["llm"].api_key == ""
    assert "llm.api_key: KEY is for a model that runs elsewhere" in noted(found)
    assert comps_python.read(comps_python.write(found.pipeline).text).notes == ()


@pytest.mark.parametrize("change", [("/embed", "http://["), ("self.megaservice.add(llm)", "self.endpoint.add([self])")])
def test_what_only_looks_like_an_address_or_an_orchestrator_does_no_harm(change: tuple[str, str]) -> None:
    text = EXAMPLE.replace(*change).replace("self.endpoint = str(MegaServiceEndpoint.CHAT_QNA)", "self.endpoint = [1]")
    assert "embedding" in comps_python.read(text).pipeline.services
