"""The embedded ChatQnA end to end: real gateway, real services, real documents, real faults."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from stubs import until

from opea_nb.backends import Deployment, RunState, deploy, loop
from opea_nb.backends.local.state import Folder
from opea_nb.cli.demo import chatqna, passages
from opea_nb.errors import DeployError, OpeaError, RunError, StepFailed
from opea_nb.home import home
from opea_nb.pipeline import Pipeline
from opea_nb.services.models import model_path

pytestmark = pytest.mark.slow

SAMPLES = Path(__file__).parents[3] / "opea_nb" / "cli" / "samples"
QUESTION = "Who is the captain of the ferry Grey Wagtail?"
STEPS = ("embedding", "retriever", "reranking", "llm")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """One deployment for the module, with the documents in; the model is that of the user's own folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("OPEA_NB_HOME", raising=False)
        model = model_path()
        patch.setenv("OPEA_NB_HOME", str(tmp_path_factory.mktemp("home")))
        if model.exists():  # else `deploy` brings it, as it does for a user
            patch.setenv("MODEL_PATH", str(model))
        with deploy(chatqna("chatqna")) as app:
            app.ingest(SAMPLES)
            yield app


@pytest.fixture(autouse=True)
def own_home(app: Deployment) -> None:
    """These tests share the module's home instead of each having one."""


def folder_of(app: Deployment) -> Folder:
    return app.aio._folder  # type: ignore[attr-defined]  # the local deployment's own


def pid_of(app: Deployment, service: str) -> int:
    return next(c.pid for c in folder_of(app).children() if c.status.name == service)


def kill(app: Deployment, service: str) -> None:
    """Kill a service and wait until it is known to have been started again."""
    before = pid_of(app, service)
    os.kill(before, signal.SIGKILL)
    until(lambda: pid_of(app, service) not in (0, before))


def all_ready(app: Deployment) -> bool:
    return all(s.state == "ready" for s in app.status())


def test_a_fact_of_the_documents_is_found_and_is_in_the_trace(app: Deployment) -> None:
    answer = app.query(QUESTION, max_tokens=32, temperature=0)
    assert answer.text.strip()
    assert [(s.name, s.state) for s in answer.steps] == [(n, "done") for n in STEPS]
    assert any("Marta" in p for p in passages(answer))
    assert answer.step("llm").first_token is not None


def test_the_run_is_followed_while_the_answer_streams(app: Deployment) -> None:
    states: list[RunState] = []
    answer = loop.run(app.aio.gateway.query(QUESTION, on_state=states.append, max_tokens=32))
    streaming = [s for s in states if s.state == "running" and s.text]
    assert streaming
    assert len(streaming[0].text) < len(answer.text)
    assert states[-1] == answer.run.state
    assert states[-1].answer == answer.text


def test_a_run_can_be_fetched_afterwards(app: Deployment) -> None:
    answer = app.query(QUESTION, max_tokens=8)
    assert app.run(answer.run_id).events == answer.events
    assert app.runs()[0]["id"] == answer.run_id


def test_an_answer_need_not_stream(app: Deployment) -> None:
    answer = app.query(QUESTION, stream=False, max_tokens=8)
    assert answer.text
    assert answer.step("llm").state == "done"


@pytest.mark.parametrize("stream", [True, False])
def test_a_flows_own_endpoint_can_be_asked(app: Deployment, stream: bool) -> None:
    answer = app.query(QUESTION, endpoint="/v1/chatqna", stream=stream, max_tokens=8)
    assert answer.text == app.query(QUESTION, max_tokens=8).text


def test_parameters_reach_the_services(app: Deployment) -> None:
    answer = app.query(QUESTION, max_tokens=4, k=2)
    assert answer.step("llm").request["max_tokens"] == 4
    assert answer.step("retriever").request["k"] == 2


def test_documents_are_listed_and_deleted(app: Deployment) -> None:
    app.ingest(text={"lighthouse": "The lighthouse of Quillon was painted by Una Berrick in 1977."})
    assert "lighthouse.txt" in app.documents()
    asked = "Who painted the lighthouse?"
    assert any("Una Berrick" in p for p in passages(app.query(asked, max_tokens=4)))
    app.delete_document("lighthouse.txt")
    assert not any("Una Berrick" in p for p in passages(app.query(asked, max_tokens=4)))


def test_a_document_that_is_refused_is_named(app: Deployment, tmp_path: Path) -> None:
    bad = tmp_path / "torn.pdf"
    bad.write_bytes(b"%PDF-1.4 torn")
    with pytest.raises(RunError, match=r"torn\.pdf was not ingested: .* answered 422: torn\.pdf: not a readable PDF"):
        app.ingest(bad)
    with pytest.raises(OpeaError, match="does not exist"):
        app.ingest(tmp_path / "nothing.md")


def test_queries_go_side_by_side(app: Deployment) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: app.query(QUESTION, max_tokens=8), range(4)))
    assert len({a.run_id for a in answers}) == 4
    assert all(a.text and a.run.state.state == "finished" for a in answers)


def test_without_the_token_gateway_and_services_refuse(app: Deployment) -> None:
    for status in app.status():
        assert httpx.get(f"{status.address}/v1/runs", trust_env=False).status_code == 401


@pytest.mark.parametrize("step", STEPS)
def test_a_service_killed_in_its_turn_is_named_and_comes_back(app: Deployment, step: str) -> None:
    until(lambda: all_ready(app))
    app.query(QUESTION, max_tokens=1)  # a connection to it is open: a new one would wait for the new process
    os.kill(pid_of(app, step), signal.SIGSTOP)  # it takes the request and does not answer
    query = app.start_query(QUESTION, max_tokens=8)
    until(lambda: any(s.name == step and s.state == "running" for s in query.state.steps))
    kill(app, step)
    with pytest.raises(StepFailed) as caught:
        query.result()
    assert caught.value.step == step
    assert caught.value.url.startswith("http://127.0.0.1:")
    assert query.state.failed_step == step
    until(lambda: all_ready(app))
    assert app.query(QUESTION, max_tokens=4).text
    assert next(s.restarts for s in app.status() if s.name == step) >= 1


def test_an_llm_killed_in_mid_answer_is_an_error_and_no_short_answer(app: Deployment) -> None:
    until(lambda: all_ready(app))
    query = app.start_query("Tell me all about Quillon.", max_tokens=200, temperature=0)
    until(lambda: query.state.text)
    kill(app, "llm")
    with pytest.raises(StepFailed) as caught:
        query.result()
    assert caught.value.step == "llm"
    until(lambda: all_ready(app))
    assert app.query(QUESTION, max_tokens=4).text


def test_a_cancelled_query_ends_its_run(app: Deployment) -> None:
    until(lambda: all_ready(app))
    query = app.start_query("Tell me all about Quillon.", max_tokens=200)
    until(lambda: query.state.text)
    query.cancel()
    with pytest.raises(RunError, match="cancelled"):
        query.result()
    until(lambda: app.run(query.state.id).state.state == "failed")


def test_a_killed_gateway_is_reported_and_comes_back(app: Deployment) -> None:
    until(lambda: all_ready(app))
    query = app.start_query("Tell me all about Quillon.", max_tokens=200)
    until(lambda: query.state.text)
    kill(app, "gateway")
    with pytest.raises((DeployError, RunError)):
        query.result()
    until(lambda: all_ready(app))
    assert app.query(QUESTION, max_tokens=4).text


def test_what_was_ingested_is_there_in_the_next_deployment(app: Deployment) -> None:
    assert any((home() / "data" / "chatqna").rglob("*"))
    pipeline = Pipeline.from_yaml(app.document)
    with deploy(pipeline, name="second") as second:
        assert any("Marta" in p for p in passages(second.query(QUESTION, max_tokens=4)))


def test_a_deployment_that_records_no_bodies_still_tells_what_happened(app: Deployment) -> None:
    with deploy(Pipeline.from_yaml(app.document), name="discreet", record="none") as discreet:
        answer = discreet.query(QUESTION, max_tokens=4)
    assert [step.state for step in answer.steps] == ["done"] * 4
    assert all(step.request is None and step.response is None for step in answer.steps)
