"""The guardrails microservice: ``POST /v1/guardrails``, by rules.

It has no model and says so: it catches what is written plainly, and misses what is paraphrased.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from pathlib import Path
from typing import Any

from opea_nb.services.asgi import Microservice, Refused, Reply, Request, json_reply
from opea_nb.services.policies import BUILTIN, Policy, load_policies, violated
from opea_nb.services.serving import Background, Readiness, run

__all__ = ["create_app", "main"]

CHARACTERS_LIMIT = 1_000_000


def create_app(policies: Path | None = None) -> Microservice:
    """The service as an ASGI app.

    Parameters
    ----------
    policies
        YAML file; default: ``POLICIES_PATH``, else the policies that come with opea_nb.
    """
    path = policies or Path(os.environ.get("POLICIES_PATH") or BUILTIN)
    readiness = Readiness("reading policies")
    rules = Background[tuple[Policy, ...]](lambda _: load_policies(path), readiness)

    async def guardrails(request: Request) -> Reply:
        text = _text(request.json())
        if rules.value is None:
            raise Refused(503, f"not ready: {readiness.state.detail}")
        names = await asyncio.to_thread(violated, rules.value, text)
        answer: dict[str, Any] = {"id": secrets.token_hex(16), "text": text, "downstream_black_list": []}
        if names:
            answer["text"] = f"Violated policies: {', '.join(names)}, please check your input."
            answer["downstream_black_list"] = [".*"]
        return json_reply(answer)

    return Microservice(
        "opea_nb guardrails",
        "Stops texts that break a policy (rules, no model)",
        {"/v1/guardrails": guardrails},
        readiness,
        rules,
    )


def _text(body: dict[str, Any]) -> str:
    """The text of a TextDoc or a GeneratedDoc, or the question of an LLMParamsDoc."""
    given = body["text"] if "text" in body else body.get("query")
    texts: list[str] = [t for t in (given if isinstance(given, list) else [given]) if isinstance(t, str)]
    if not texts or (isinstance(given, list) and len(texts) != len(given)):
        raise Refused(422, 'no text: send "text" (TextDoc, GeneratedDoc) or "query" (LLMParamsDoc), a string')
    text = "\n".join(texts)
    if len(text) > CHARACTERS_LIMIT:
        raise Refused(413, f"the text is longer than {CHARACTERS_LIMIT} characters")
    return text


def main() -> None:
    """Serve, as the environment says."""
    run(create_app(), name="guardrails")


if __name__ == "__main__":
    main()
