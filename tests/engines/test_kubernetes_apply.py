"""Written manifests and GMConnectors, taken by a real API server: server-side apply, dry, of every template."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from opea_nb import templates
from opea_nb.errors import OpeaError
from opea_nb.formats import registry
from tests.required import missing
from tests.shared import shared

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
NAMESPACE = "opea-nb-test-apply"


def run(*command: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def kubectl() -> Iterator[str]:
    """kubectl, where a cluster answers that lets a namespace be made."""
    program = shutil.which("kubectl")
    if program and run(program, "create", "namespace", NAMESPACE).returncode == 0:
        yield program
        run(program, "delete", "namespace", NAMESPACE, "--wait=false")
        return
    missing("no Kubernetes cluster answers: set KUBECONFIG")


def applied(kubectl: str, text: str, namespace: str) -> str:
    """What the server says against a text; empty when it takes all of it."""
    dry = ("apply", "--server-side", "--dry-run=server", "--validate=strict", "-n", namespace, "-f", "-")
    done = run(kubectl, *dry, text=text)
    return done.stderr if done.returncode else ""


@pytest.mark.parametrize("name", templates.names())
def test_a_server_takes_the_manifests_of_a_template(kubectl: str, name: str, tmp_path: Path) -> None:
    pipeline = templates.load(name)
    for accelerator in ("cpu", "gaudi", "nvidia", "rocm"):
        assert not applied(kubectl, registry.convert(pipeline, "kubernetes", accelerator=accelerator).text, NAMESPACE)
    for file, text in registry.convert(pipeline, "kubernetes", namespace=NAMESPACE, folder=True).files.items():
        (tmp_path / file).write_text(text, "utf-8")
    built = run(kubectl, "kustomize", str(tmp_path))
    assert built.returncode == 0, built.stderr
    assert not applied(kubectl, built.stdout, NAMESPACE)


def test_a_server_with_gmcs_crd_takes_every_gmconnector_that_is_written(kubectl: str) -> None:
    crd = shared("upstream", "gmc", "gmconnector-crd.yaml")
    assert run(kubectl, "apply", "--server-side", "-f", str(crd)).returncode == 0
    name = yaml.safe_load(crd.read_text("utf-8"))["metadata"]["name"]
    assert run(kubectl, "wait", "--for=condition=Established", f"crd/{name}").returncode == 0
    taken = 0
    for template in templates.names():
        try:
            text = registry.convert(templates.load(template), "gmc", namespace=NAMESPACE).text
        except OpeaError:
            continue
        assert not applied(kubectl, text, NAMESPACE)
        taken += 1
    assert taken > 5
