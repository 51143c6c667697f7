"""An embedding and an llm on loopback that answer as they are asked to: streamed, slowly, or not at all.

A pipeline names them by `url`, so that a real gateway calls them. Browser tests and benchmarks put this file beside
their notebooks.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opea_nb.pipeline import Pipeline


class Handler(BaseHTTPRequestHandler):
    """The last message says how: ``fail``, ``slow``, ``<n> words``, ``every <n> ms``; else two words."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.asked.append(body)  # type: ignore[attr-defined]
        if self.path.endswith("/embeddings"):
            self.whole(200, {"object": "list", "data": [{"index": 0, "embedding": [0.1, 0.2], "object": "embedding"}]})
            return
        question = str(body["messages"][-1]["content"])
        if "fail" in question:
            self.whole(500, {"detail": "the disk is on fire"})
            return
        count = re.search(r"(\d+) words", question)
        words = [f"w{n} " for n in range(int(count[1]))] if count else ["hello ", "world"]
        if "echo" in question:
            words = [question]
        if not body.get("stream"):
            self.whole(200, {"choices": [{"index": 0, "message": {"content": "".join(words)}}]})
            return
        pause = re.search(r"every ([\d.]+) ms", question)
        self.stream(words, float(pause[1]) / 1000 if pause else 0.05 if "slow" in question else 0.0)

    def whole(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def stream(self, words: list[str], pause: float) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            for word in words:
                chunk = {"choices": [{"index": 0, "delta": {"content": word}}]}
                self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
                self.wfile.flush()
                time.sleep(pause)
            self.wfile.write(b"data: [DONE]\n\n")
        except (BrokenPipeError, ConnectionResetError):
            self.server.left.set()  # type: ignore[attr-defined]

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[dict[str, object]] = []
        self.left = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def serving() -> Iterator[Server]:
    """The services, until the end of the block."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answered_by(url: str) -> Pipeline:
    """embedding → llm, at `url`."""
    pipeline = Pipeline("answered")
    embedding = pipeline.add("embedding", url=f"{url}/v1/embeddings")
    llm = pipeline.add("llm", url=f"{url}/v1/chat/completions")
    pipeline.connect(embedding, llm)
    return pipeline
