"""How every process of a local deployment serves: its environment, its socket, its token, its end.

The gateway uses this too, so it knows nothing of any service.
"""

from __future__ import annotations

import hmac
import os
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from opea_nb.errors import DeployError, OpeaError

__all__ = [
    "HEALTH_PATH",
    "ASGIApp",
    "Background",
    "Readiness",
    "Receive",
    "Scope",
    "Send",
    "Settings",
    "State",
    "bind",
    "guarded",
    "log",
    "run",
]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

HEALTH_PATH = "/v1/health_check"
LOOPBACK = "127.0.0.1"
T = TypeVar("T")


def log(message: str) -> None:
    """Write one plain line to stderr, where the backend keeps a process's log."""
    print(message, file=sys.stderr, flush=True)  # noqa: T201  # the log of a process is its stderr


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment tells a process about how to serve.

    Parameters
    ----------
    host
        Address to listen on (``OPEA_NB_HOST``); default 127.0.0.1.
    port
        TCP port (``OPEA_NB_PORT``); 0 for a free one.
    fd
        Number of an inherited, bound TCP socket (``OPEA_NB_FD``), which wins over the port; -1 for none.
    token
        Bearer token that requests must carry (``OPEA_NB_TOKEN``); empty for none. Never shown.
    lifeline
        Whether the process ends when its stdin does (``OPEA_NB_LIFELINE=1``).
    """

    host: str = LOOPBACK
    port: int = 0
    fd: int = -1
    token: str = field(default="", repr=False)
    lifeline: bool = False

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the ``OPEA_NB_*`` variables.

        Raises
        ------
        DeployError
            When a number is none, or out of range.

        >>> Settings.from_environment({"OPEA_NB_PORT": "6000", "OPEA_NB_TOKEN": "s3cret"})
        Settings(host='127.0.0.1', port=6000, fd=-1, lifeline=False)
        """
        env = os.environ if environ is None else environ
        return cls(
            host=env.get("OPEA_NB_HOST") or LOOPBACK,
            port=_number(env, "OPEA_NB_PORT", 0, 65535),
            fd=_number(env, "OPEA_NB_FD", -1, 1 << 20),
            token=env.get("OPEA_NB_TOKEN", ""),
            lifeline=env.get("OPEA_NB_LIFELINE", "") == "1",
        )


def _number(env: Mapping[str, str], name: str, default: int, maximum: int) -> int:
    text = env.get(name, "").strip()
    if not text:
        return default
    try:
        number = int(text)
    except ValueError as e:
        raise DeployError(f"{name}={text!r} is no whole number", hint=f"unset {name}, or give a number") from e
    if not 0 <= number <= maximum:
        raise DeployError(f"{name}={number} is out of range", hint=f"use 0 to {maximum}")
    return number


@dataclass(frozen=True, slots=True)
class State:
    """What a health check tells: one moment of a `Readiness`."""

    status: Literal["starting", "ready", "broken"]
    detail: str = ""
    percent: int | None = None

    @property
    def http_status(self) -> int:
        """200 when ready, else 503."""
        return 200 if self.status == "ready" else 503

    def as_json(self) -> dict[str, Any]:
        """The body of the health check.

        >>> State("starting", "loading model", 40).as_json()
        {'status': 'starting', 'detail': 'loading model 40 %', 'percent': 40}
        """
        body: dict[str, Any] = {"status": self.status}
        if self.detail:
            body["detail"] = self.detail if self.percent is None else f"{self.detail} {self.percent} %"
        if self.percent is not None:
            body["percent"] = self.percent
        return body


class Readiness:
    """Whether a process can serve. Any thread may tell it; a reader sees one whole `State`."""

    def __init__(self, detail: str = "starting") -> None:
        self.state = State("starting", detail)

    def starting(self, detail: str, percent: float | None = None) -> None:
        """Not yet: what is going on, and how much of it is done (0 to 100) where that is known."""
        self.state = State("starting", detail, None if percent is None else min(100, max(0, int(percent))))

    def ready(self) -> None:
        """It can serve."""
        self.state = State("ready")

    def broken(self, detail: str) -> None:
        """It cannot serve and will not by waiting."""
        self.state = State("broken", detail)


class Background(Generic[T]):
    """A thing that takes a while to make, made in a thread while health checks tell how far it is.

    Parameters
    ----------
    make
        Makes the thing; it may tell the readiness about progress. An exception leaves the process *broken*.
    readiness
        What to tell; ready once the thing is there.
    """

    def __init__(self, make: Callable[[Readiness], T], readiness: Readiness) -> None:
        self.readiness = readiness
        self._make = make
        self._value: T | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; a second call changes nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="loading", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        try:
            self._value = self._make(self.readiness)
        except Exception as e:  # noqa: BLE001  # whatever it is, health checks must tell it: nobody awaits this thread
            what = str(e) if isinstance(e, OpeaError) else f"{type(e).__name__}: {e}"
            log(f"broken: {what}")
            self.readiness.broken(what)
        else:
            self.readiness.ready()

    @property
    def value(self) -> T | None:
        """The thing, or ``None`` while it is not there."""
        return self._value


def guarded(app: ASGIApp, token: str) -> ASGIApp:
    """The app, behind a bearer token.

    Requests without ``Authorization: Bearer <token>`` are answered 401; only ``GET /v1/health_check`` is free.

    Parameters
    ----------
    token
        The token; with an empty one the app is returned as it is.
    """
    if not token:
        return app
    wanted = token.encode()

    async def check(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or _allowed(scope, wanted):
            await app(scope, receive, send)
        elif scope["type"] == "http":
            body = b'{"detail":"a bearer token is needed: send Authorization: Bearer <token of the deployment>"}'
            headers = [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode()),
                (b"www-authenticate", b"Bearer"),
            ]
            await send({"type": "http.response.start", "status": 401, "headers": headers})
            await send({"type": "http.response.body", "body": body})
        else:
            await send({"type": "websocket.close", "code": 1008})

    return check


def _allowed(scope: Scope, wanted: bytes) -> bool:
    if scope["path"] == HEALTH_PATH and scope.get("method") == "GET":
        return True
    given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    scheme, _, credentials = given.partition(b" ")
    return scheme.lower() == b"bearer" and hmac.compare_digest(credentials.strip(), wanted)


def bind(settings: Settings) -> socket.socket:
    """The socket to serve on: the inherited one, or a new one.

    Raises
    ------
    DeployError
        When the port is taken or the descriptor is no socket.
    """
    if settings.fd >= 0:
        try:
            return socket.socket(fileno=settings.fd)
        except OSError as e:
            raise DeployError(
                f"OPEA_NB_FD={settings.fd} is no inherited socket: {e}", hint="pass the bound socket to the child"
            ) from e
    sock = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((settings.host, settings.port))
    except OSError as e:
        sock.close()
        raise DeployError(
            f"cannot listen on {settings.host}:{settings.port}: {e.strerror or e}",
            hint="another process has the port: give OPEA_NB_PORT another one, or 0 for a free one",
        ) from e
    return sock


def run(app: ASGIApp, *, name: str, settings: Settings | None = None, grace: float = 3.0) -> None:
    """Serve until SIGTERM or SIGINT, then finish and exit with status 0.

    Parameters
    ----------
    app
        The ASGI app; it gets lifespan events.
    name
        What the log calls the process.
    settings
        Default: from the environment.
    grace
        Seconds that requests in flight have to finish after the signal.

    Raises
    ------
    SystemExit
        At the end of serving (0), and with a message when it cannot start.
    """
    import uvicorn  # the rest of this module is also used by processes that only need `Settings` or `State`

    try:
        settings = settings or Settings.from_environment()
        sock = bind(settings)
    except OpeaError as e:
        sys.exit(f"{name}: {e}")
    if settings.lifeline:
        _hold_lifeline()
    server = uvicorn.Server(server_config(guarded(app, settings.token), grace=grace))
    # uvicorn raises the signal again when it has shut down: this makes that a clean exit
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    host, port = sock.getsockname()[:2]
    log(f"{name} listens on http://{host}:{port}")
    try:
        server.run(sockets=[sock])
    finally:
        log(f"{name} ended")
    if not server.started:
        sys.exit(f"{name}: could not start")
    sys.exit(0)


def server_config(app: ASGIApp, *, grace: float = 3.0) -> Any:
    """The ``uvicorn.Config`` of every process: uvloop and httptools where they are, one quiet worker.

    Returns ``Any`` because uvicorn is imported only by those that serve.
    """
    import uvicorn

    return uvicorn.Config(
        app,
        loop="auto",
        http="auto",
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=max(1, int(grace)),
        timeout_keep_alive=75,
        backlog=512,
    )


def _leave(_number: int, _frame: object) -> None:
    sys.exit(0)


def _hold_lifeline() -> None:
    def wait_for_eof() -> None:
        while os.read(0, 4096):
            pass
        os._exit(0)  # nobody is left to clean up for: the parent is gone, and a thread cannot raise in the loop

    threading.Thread(target=wait_for_eof, name="lifeline", daemon=True).start()
