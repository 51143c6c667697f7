"""Which variables hold secrets, told by their names."""

from __future__ import annotations

import re
from collections.abc import Mapping

_SECRET = re.compile(
    r"token|secret|passw(or)?d|api_?key|access_?key|private_?key|credential|(^|_)(auth|pwd|key)$", re.IGNORECASE
)
# The last two name a Secret of Kubernetes, and are none themselves.
_NO_SECRET = re.compile(r"tokens$|tokenizer|key_index|token_url|secret_?(name|ref)$|gmcTokenSecret$", re.IGNORECASE)
_REFERENCE = re.compile(r"\$\{?\w+\}?")


def is_secret(name: str) -> bool:
    """Whether a variable's name tells that its value is a secret.

    >>> is_secret("HF_TOKEN"), is_secret("NEO4J_AUTH"), is_secret("max_tokens"), is_secret("TOKENIZER_PATH")
    (True, True, False, False)
    >>> is_secret("CLIENT_SECRET"), is_secret("TOKEN_SECRET_NAME")
    (True, False)
    """
    return bool(_SECRET.search(name)) and not _NO_SECRET.search(name)


def is_plain_secret(name: str, value: str) -> bool:
    """Whether a variable holds a secret itself, and not the name of the variable that does.

    >>> is_plain_secret("HF_TOKEN", "hf_1"), is_plain_secret("HF_TOKEN", "${HF_TOKEN}"), is_plain_secret("HF_TOKEN", "")
    (True, False, False)
    """
    return bool(value) and is_secret(name) and not _REFERENCE.fullmatch(value)


def reference(name: str) -> str:
    """What stands for a secret instead of it: a variable of the deployer.

    >>> reference("HF_TOKEN"), reference("my-token")
    ('${HF_TOKEN}', '${my_token}')
    """
    word = re.sub(r"\W", "_", name, flags=re.ASCII)
    return f"${{{'_' if word[:1].isdigit() else ''}{word}}}"


def without_plain_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """The same variables, with references where secrets stand."""
    return {key: reference(key) if is_plain_secret(key, value) else value for key, value in environment.items()}
