"""What every backend must do. A backend's test module subclasses this and gives the two fixtures.

``backend``: the backend under test; ``pipeline``: one that it can run, with a service named ``llm`` that answers.
"""

from __future__ import annotations

import pytest

from opea_nb.backends import Deployment, Progress, attach, deploy, deployments
from opea_nb.backends.protocol import AsyncDeployment, Backend
from opea_nb.errors import DeployError, NotReady
from opea_nb.pipeline import Pipeline


class BackendCompliance:
    """The tests; they use the plain calls, which stand on the async ones."""

    def test_it_is_a_backend(self, backend: Backend) -> None:
        assert isinstance(backend, Backend)
        assert backend.name

    def test_up_returns_when_everything_is_ready(self, backend: Backend, pipeline: Pipeline) -> None:
        with deploy(pipeline, backend=backend) as app:
            assert isinstance(app, Deployment)
            assert isinstance(app.aio, AsyncDeployment)
            status = app.status()
            assert [s.state for s in status] == ["ready"] * len(status)
            assert {s.name for s in status} == {*pipeline.services, "gateway"}
            assert status[-1].name == "gateway"
            assert app.document == pipeline.to_yaml()

    def test_progress_is_told_until_ready(self, backend: Backend, pipeline: Pipeline) -> None:
        told: list[Progress] = []
        with deploy(pipeline, backend=backend, progress=told.append):
            assert told[-1].phase == "ready"
            assert told[-1].done == told[-1].total
            assert all(s.state == "ready" for s in told[-1].services)

    def test_a_query_is_answered_with_its_steps(self, backend: Backend, pipeline: Pipeline) -> None:
        with deploy(pipeline, backend=backend) as app:
            answer = app.query("how are you?")
            assert answer.text
            assert answer.step("llm").state == "done"
            assert app.run(answer.run_id).steps == answer.steps

    def test_logs_are_those_of_one_service(self, backend: Backend, pipeline: Pipeline) -> None:
        with deploy(pipeline, backend=backend) as app:
            assert app.logs("llm")
            assert len(app.logs("llm", lines=1).splitlines()) == 1
            with pytest.raises(DeployError, match="llm, gateway"):
                app.logs("nobody")

    def test_a_taken_name_is_refused(self, backend: Backend, pipeline: Pipeline) -> None:
        with deploy(pipeline, backend=backend, name="one") as app:
            with pytest.raises(DeployError, match="already running"):
                deploy(pipeline, backend=backend, name="one")
            assert app.query("still there?").text

    def test_attach_finds_it_and_leaves_it_running(self, backend: Backend, pipeline: Pipeline) -> None:
        with deploy(pipeline, backend=backend, name="one") as app:
            with attach("one", backend=backend) as other:
                assert other.query("hello").text
                assert other.document == app.document
            assert app.query("hello").text

    def test_attach_names_what_runs(self, backend: Backend, pipeline: Pipeline) -> None:
        with deploy(pipeline, backend=backend, name="one"):
            with pytest.raises(DeployError, match="running: one"):
                attach("two", backend=backend)

    def test_list_shows_what_runs(self, backend: Backend, pipeline: Pipeline) -> None:
        assert deployments(backend=backend) == ()
        with deploy(pipeline, backend=backend, name="one"):
            (found,) = deployments(backend=backend)
            assert (found.name, found.pipeline, found.state) == ("one", pipeline.name, "ready")
        assert deployments(backend=backend) == ()

    def test_what_is_kept_stays_until_down(self, backend: Backend, pipeline: Pipeline) -> None:
        with deploy(pipeline, backend=backend, name="kept", keep=True):
            pass
        app = attach("kept", backend=backend)
        try:
            assert app.query("still there?").text
            assert [d.keep for d in deployments(backend=backend)] == [True]
        finally:
            app.down()
        assert deployments(backend=backend) == ()

    def test_a_start_that_is_too_slow_leaves_nothing(self, backend: Backend, pipeline: Pipeline) -> None:
        with pytest.raises(NotReady, match="last seen"):
            deploy(pipeline, backend=backend, timeout=0.001)
        assert deployments(backend=backend) == ()

    def test_down_is_idempotent(self, backend: Backend, pipeline: Pipeline) -> None:
        app = deploy(pipeline, backend=backend)
        app.down()
        app.down()
        app.close()
        assert {s.state for s in app.status()} == {"stopped"}

    def test_a_query_after_down_says_what_is_wrong(self, backend: Backend, pipeline: Pipeline) -> None:
        app = deploy(pipeline, backend=backend)
        app.down()
        with pytest.raises(DeployError, match="does not answer"):
            app.query("anyone?")

    @pytest.mark.parametrize("name", ["../up", "", ".", "a/b", "-x", "x" * 64, "é"])
    def test_a_name_that_is_no_name_is_refused(self, backend: Backend, pipeline: Pipeline, name: str) -> None:
        with pytest.raises(DeployError):
            attach(name, backend=backend)
