"""A service for tests: it answers as the environment says, and can be told to crash."""

from __future__ import annotations

import json
import os
import sys

from opea_nb.services.serving import HEALTH_PATH, log, run

MODE = os.environ.get("STUB", "ready")


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    body = b""
    more = True
    while more and scope["path"] != HEALTH_PATH:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    status, answer = reply(scope["path"], body)
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})


def reply(path, body):
    if path == HEALTH_PATH:
        if MODE == "never_ready":
            return 503, {"status": "starting", "detail": "loading model 40 %"}
        if MODE == "broken":
            return 503, {"status": "broken", "detail": "no such model file"}
        return 200, {"status": "ready"}
    if path == "/v1/embeddings":
        return 200, {"object": "list", "data": [{"index": 0, "embedding": [0.1, 0.2], "object": "embedding"}]}
    if path == "/v1/retrieval":
        return 200, {"retrieved_docs": [{"text": "a passage"}], "initial_query": "q", "top_n": 1}
    if path == "/environ":
        return 200, dict(os.environ)
    if path == "/v1/chat/completions":
        question = json.loads(body)["messages"][-1]["content"]
        if "crash" in str(question):
            log("told to crash")
            os._exit(3)
        content = "stub answer"
        return 200, {"object": "chat.completion", "choices": [{"index": 0, "message": {"content": content}}]}
    return 404, {"detail": path}


if __name__ == "__main__":
    log(f"mode {MODE}")
    if MODE == "crash":
        sys.exit("cannot start: the disk is on fire")
    if MODE == "fork":
        import subprocess

        log(f"started {subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid}")
    run(app, name="stub")
