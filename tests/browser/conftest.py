"""A real JupyterLab on loopback and a real Chromium."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import nbformat
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect, sync_playwright

from tests.required import missing

HERE = Path(__file__).parent
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Complaints of the page that are not ours: ipycytoscape 1.3.3 was built for an older widget base; Lab asks at its start
# for files that need not be there, and stops requests when a page closes.
ALLOWED = re.compile(
    r"Unsatisfied version .* of shared singleton module @jupyter-widgets/base"
    r"|Failed to load resource: the server responded with a status of 404"
    r"|whole cytoscape relayout"
)


def browser_path() -> str:
    """The browser to drive; empty when the machine has none."""
    named = os.environ.get("OPEA_NB_CHROMIUM", "")
    return named or next((found for name in PROGRAMS if (found := shutil.which(name))), "")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = browser_path()
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
        if not path and not own.exists():
            reason = "no Chrome or Chromium found: install one, or name it in OPEA_NB_CHROMIUM"
            missing(reason)
        browser = playwright.chromium.launch(executable_path=path or str(own), args=list(QUIET))
        yield browser
        browser.close()


@dataclass
class Lab:
    """A running JupyterLab server."""

    url: str
    token: str
    folder: Path
    process: subprocess.Popen[bytes] = field(repr=False)

    def write(self, name: str, *cells: str) -> str:
        """A notebook of these code cells in the server's folder."""
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells], metadata=kernel)
        (self.folder / name).write_text(nbformat.writes(notebook), encoding="utf-8")
        return name

    def stop_kernels(self) -> None:
        """End all kernels, and what their widgets hold."""
        for kernel in json.loads(self._ask("GET", "/api/kernels")):
            self._ask("DELETE", f"/api/kernels/{kernel['id']}")

    def stop(self) -> None:
        """End the server and all its kernels."""
        self.process.terminate()
        self.process.wait(timeout=20)

    def _ask(self, method: str, path: str) -> bytes:
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(self.url + path, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as response:
            return bytes(response.read())


def start_lab(folder: Path, base: str = "/", policy: str = "") -> Lab:
    """JupyterLab on a free port, its settings and history in `folder` alone; Notebook 7 and Voila come with it.

    `policy` is the content security policy that its pages are sent with.
    """
    for beside in ("stub_run.py", "told.py"):
        shutil.copy(HERE / beside, folder)
    home = folder / ".home"
    settings = home / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false", "checkForUpdates": false}')
    if policy:
        sent = {"ServerApp": {"tornado_settings": {"headers": {"Content-Security-Policy": policy}}}}
        (home / "jupyter_server_config.json").write_text(json.dumps(sent))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    environment = {
        **os.environ,
        "HOME": str(home),
        "JUPYTER_TOKEN": token,
        "JUPYTER_CONFIG_DIR": str(home),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "lab" / "user-settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "lab" / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
        "OPEA_NB_HOME": str(home / "opea_nb"),
        "PYTHONPATH": os.pathsep.join(p for p in (str(folder), os.environ.get("PYTHONPATH", "")) if p),
    }
    options = ["--no-browser", f"--port={port}", "--ServerApp.port_retries=0", "--ServerApp.ip=127.0.0.1"]
    options.append(f"--ServerApp.base_url={base}")
    if hasattr(os, "getuid") and os.getuid() == 0:
        options.append("--allow-root")
    command = [sys.executable, "-m", "jupyterlab", *options, f"--ServerApp.root_dir={folder}"]
    with (folder / ".lab.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    lab = Lab(f"http://127.0.0.1:{port}{base.rstrip('/')}", token, folder, process)
    until = time.monotonic() + 90
    while time.monotonic() < until and process.poll() is None:
        try:
            lab.stop_kernels()
        except OSError:
            time.sleep(0.2)
        else:
            return lab
    process.kill()
    tail = (folder / ".lab.log").read_text(errors="replace")[-3000:]
    raise RuntimeError(f"JupyterLab did not start:\n{tail}")


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab = start_lab(tmp_path_factory.mktemp("lab"))
    yield lab
    lab.stop()


@pytest.fixture
def lab_behind_base_url(tmp_path: Path) -> Iterator[Lab]:
    """As a hub starts it for one of its users."""
    lab = start_lab(tmp_path, "/user/teacher/")
    yield lab
    lab.stop()


@pytest.fixture
def lab_with_strict_policy(tmp_path: Path) -> Iterator[Lab]:
    """Its pages may run the scripts of the server's files only: none that a widget brings."""
    lab = start_lab(tmp_path, policy="script-src 'self' 'unsafe-inline' 'unsafe-eval'")
    yield lab
    lab.stop()


class NotebookPage:
    """A notebook open in JupyterLab."""

    def __init__(self, page: Page, lab: Lab, name: str) -> None:
        self.page = page
        self.lab = lab
        self.name = name
        self.complaints: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not ALLOWED.search(message.text):
            self.complaints.append(message.text)

    def open(self, theme: str = "JupyterLab Light", front: str = "doc/tree") -> NotebookPage:
        """Open it in JupyterLab, or with ``front="notebooks"`` in Notebook 7, and wait for its kernel."""
        settings = self.lab.folder / ".home/lab/user-settings/@jupyterlab/apputils-extension"
        (settings / "themes.jupyterlab-settings").write_text(json.dumps({"theme": theme}))
        self.page.goto(f"{self.lab.url}/{front}/{quote(self.name)}?token={self.lab.token}&reset")
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)
        self.kernel_idle()
        return self

    def kernel_idle(self) -> None:
        """Wait until the kernel has nothing to do."""
        # Before a notebook has its kernel it says idle as well, and a cell that is run then makes Lab ask for a kernel.
        expect(self.page.locator(".jp-NotebookPanel .jp-KernelName").first).to_have_text(
            re.compile("Python 3"), timeout=90_000
        )
        self.page.locator('.jp-NotebookPanel .jp-Notebook-ExecutionIndicator[data-status="idle"]').first.wait_for(
            timeout=90_000
        )

    def cell(self, number: int) -> Locator:
        """A cell, counted from 0."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(number)

    def run(self, number: int) -> Locator:
        """Start a cell without waiting for it; gives its outputs."""
        cell = self.cell(number)
        prompt = cell.locator(".jp-InputPrompt")
        before = prompt.inner_text()

        def started() -> bool:
            now = prompt.inner_text()
            return now != before and bool(re.search(r"[*\d]", now))

        until = time.monotonic() + 60
        while not started():  # Lab drops the key while a session is still being made
            assert time.monotonic() < until, "the cell does not run"
            cell.locator(".cm-content").click()
            self.page.keyboard.press("Control+Enter")
            patience = time.monotonic() + 2  # a second key would run the cell twice
            while not started() and time.monotonic() < patience:
                self.page.wait_for_timeout(50)
        return cell.locator(".jp-OutputArea")

    def finished(self, number: int) -> None:
        """Wait until a cell that was started has run."""
        prompt = self.cell(number).locator(".jp-InputPrompt")
        expect(prompt).to_have_text(re.compile(r"\[\d+\]"), timeout=90_000)

    def save(self) -> None:
        """Save and wait until it is on disk."""
        path = self.lab.folder / self.name
        before = path.stat().st_mtime_ns
        self.page.keyboard.press("Control+s")
        until = time.monotonic() + 15
        while path.stat().st_mtime_ns == before:
            assert time.monotonic() < until, "the notebook was not saved"
            self.page.wait_for_timeout(50)


@pytest.fixture
def notebook(chromium: Browser, lab: Lab) -> Iterator[Callable[..., NotebookPage]]:
    """Opens a notebook of the given cells; afterwards the browser's console must be clean."""
    opened: list[NotebookPage] = []
    context = chromium.new_context(viewport={"width": 1440, "height": 1000}, reduced_motion="reduce")

    def make(
        name: str, *cells: str, theme: str = "JupyterLab Light", front: str = "doc/tree", server: Lab = lab
    ) -> NotebookPage:
        if cells:
            server.write(name, *cells)
        made = NotebookPage(context.new_page(), server, name)
        opened.append(made)
        return made.open(theme, front)

    yield make
    for page in opened:
        assert page.complaints == []
    context.close()
    lab.stop_kernels()
