"""One process of a local deployment: started, watched, started again when it crashes, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import psutil

from opea_nb.backends.local.logfile import LogFile
from opea_nb.backends.local.orders import Order, Restarts
from opea_nb.backends.local.state import Cause, ChildRecord
from opea_nb.backends.local.tether import Tether
from opea_nb.backends.protocol import ServiceState, ServiceStatus

__all__ = ["Child", "Launch"]

_POLL = 0.1  # seconds between health checks while it starts
_WATCH = 5.0  # and once it is ready
_PROBE = 3.0  # seconds that one health check may take
_OK = 200


@dataclass(frozen=True, slots=True)
class Launch:
    """How a process is started.

    Parameters
    ----------
    fd
        The bound socket that it serves on. It stays open here, so the port is the same after a restart, and callers
        that connect meanwhile wait in its queue.
    environment
        All of the child's variables.
    folder
        Its working folder.
    """

    process: Order
    fd: int
    environment: Mapping[str, str]
    log: Path
    folder: Path


class Child:
    """A process that is kept running.

    Parameters
    ----------
    changed
        Told when `record` changed.
    """

    def __init__(
        self, launch: Launch, *, restarts: Restarts, client: httpx.AsyncClient, changed: Callable[[], None]
    ) -> None:
        process = launch.process
        self.ready = asyncio.Event()
        self.record = ChildRecord(ServiceStatus(process.name, process.kind, "waiting", address=process.url))
        self._launch = launch
        self._restarts = restarts
        self._client = client
        self._changed = changed
        self._process: asyncio.subprocess.Process | None = None
        self._ready_since = 0.0
        self._stopping = False

    async def supervise(self, needs: Sequence[Child]) -> None:
        """Start once what it needs is ready, and keep it running until cancelled or given up."""
        for need in needs:
            if not need.ready.is_set():
                self._show("waiting", f"needs {need._launch.process.name}")
            await need.ready.wait()
        crashes = 0
        self._show("starting", "")
        while True:
            self._ready_since = 0.0
            code = await self._live()
            if self._stopping:
                return
            if self.record.cause:  # the health check gave up
                break
            if not self.ready.is_set():
                self._fail("crashed", f"ended while starting: {_ending(code)}")
                break
            lived = time.monotonic() - self._ready_since if self._ready_since else 0.0
            crashes = 1 if lived > self._restarts.stable else crashes + 1
            if crashes > self._restarts.limit:
                self._fail("crashed", f"crashed {crashes} times in a row, the last time: {_ending(code)}")
                break
            delay = self._restarts.delay(crashes)
            self._show(
                "restarting", f"crashed: {_ending(code)}; starts again", restarts=self.record.status.restarts + 1
            )
            await asyncio.sleep(delay)
        os.close(self._launch.fd)  # callers are refused at once instead of waiting for nobody

    async def stop(self, grace: float) -> None:
        """End the process: ask it to, and kill it and what it started after `grace` seconds. Idempotent."""
        self._stopping = True
        process = self._process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                async with asyncio.timeout(grace):
                    await process.wait()
            except TimeoutError:
                _kill_group(process.pid)
                await process.wait()
        self._process = None
        if self.record.status.state != "failed":
            self._show("stopped", "")

    async def _live(self) -> int:
        """One life of the process; its exit code, or minus the signal's number."""
        launch = self._launch
        log = LogFile(launch.log)
        log.write(f"--- {launch.process.name}: started {time.strftime('%Y-%m-%d %H:%M:%S')}\n".encode())
        tether = Tether(log)
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                launch.process.module,
                stdin=tether.stdin,
                stdout=tether.stdout,
                stderr=tether.stdout,
                env=launch.environment,
                cwd=launch.folder,
                pass_fds=(launch.fd,),
                start_new_session=True,  # a terminal's Ctrl-C is not for it; and what it starts can be killed with it
            )
        finally:
            tether.given()
        self._process = process
        if self._stopping:  # told to while it was being started
            process.kill()
        self._keep(pid=process.pid, born=_born(process.pid))
        checking = asyncio.create_task(self._check())
        try:
            code = await process.wait()
            log.write(f"--- {launch.process.name}: {_ending(code)}\n".encode())
            return code
        finally:
            _kill_group(process.pid)  # what it started, and itself when this was cancelled
            self._keep(pid=0, born=0.0)
            checking.cancel()
            await asyncio.gather(checking, return_exceptions=True)
            await tether.close()

    async def _check(self) -> None:
        """Ask for the health again and again, and show what it says."""
        order = self._launch.process
        deadline = time.monotonic() + order.health_timeout
        while True:
            status, detail = await self._probe(order.health_path)
            if status == "ready":
                self._ready_since = self._ready_since or time.monotonic()
                self.ready.set()
                self._show("ready", "")
            elif self._ready_since:
                self._show("starting", f"was ready, but now: {detail}")
            elif status == "broken" or time.monotonic() > deadline:
                late = f"not ready in {order.health_timeout:g} s; last seen: {detail}"
                self._fail("broken" if status == "broken" else "starting", detail if status == "broken" else late)
                if self._process is not None:
                    _kill_group(self._process.pid)
                return
            else:
                self._show("restarting" if self.ready.is_set() else "starting", detail)
            await asyncio.sleep(_WATCH if status == "ready" else _POLL)

    async def _probe(self, path: str) -> tuple[str, str]:
        try:
            response = await self._client.get(self._launch.process.url + path, timeout=_PROBE)
        except httpx.ConnectError:
            return "starting", "does not listen yet"
        except httpx.TimeoutException:
            return "starting", f"gave the health check no answer in {_PROBE:g} s"
        except httpx.TransportError as e:
            return "starting", f"broke the health check off: {type(e).__name__}"
        if response.status_code == _OK:
            return "ready", ""
        try:
            body = response.json()
            return str(body.get("status", "starting")), str(body.get("detail") or f"HTTP {response.status_code}")
        except (ValueError, AttributeError):
            return "starting", f"HTTP {response.status_code}: {response.text[:100]}"

    def _fail(self, cause: Cause, detail: str) -> None:
        self.record = replace(self.record, cause=cause)
        self._show("failed", detail)

    def _show(self, state: ServiceState, detail: str, restarts: int | None = None) -> None:
        old = self.record.status
        status = ServiceStatus(
            old.name, old.kind, state, detail, old.restarts if restarts is None else restarts, old.address
        )
        if status != old:
            self.record = replace(self.record, status=status)
            self._changed()

    def _keep(self, *, pid: int, born: float) -> None:
        self.record = replace(self.record, pid=pid, born=born)
        self._changed()


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # PermissionError: macOS, for a zombie's group
        os.killpg(pid, signal.SIGKILL)


def _born(pid: int) -> float:
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return 0.0


def _ending(code: int) -> str:
    """What an exit code says, in words.

    >>> _ending(3), _ending(-9)
    ('exit code 3', 'killed by SIGKILL')
    """
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
