"""Which names services, flows and pipelines may have."""

from __future__ import annotations

import re

from opea_nb.errors import PipelineError

_NAME_LIMIT = 100


def name_fault(name: str) -> str:
    """Why ``mega_flow`` cannot carry a name; empty when it can.

    >>> name_fault("llm-2"), name_fault("a,b"), name_fault("")
    ('', 'a `,`', 'nothing')
    """
    if not name:
        return "nothing"
    if name != name.strip():
        return "white space at its ends"
    for character in ",()>":
        if character in name:
            return f"a `{character}`"
    for character in "→⇒»":
        if character in name:
            return f"an arrow `{character}`"
    return "" if name.isprintable() else "a line break or another control character"


def check_name(name: str, what: str = "service") -> str:
    """The name, when every part of opea_nb can carry it.

    Raises
    ------
    PipelineError
        When it is empty or over 100 characters long, or ``mega_flow`` cannot carry it.

    >>> check_name("retriever_2")
    'retriever_2'
    >>> check_name("a,b")
    Traceback (most recent call last):
    opea_nb.errors.PipelineError: a `,` cannot be part of a service name: 'a,b'
      → use letters, digits, - and _
    """
    hint = "use letters, digits, - and _"
    if not isinstance(name, str) or not name:
        raise PipelineError(f"a {what} needs a name", hint=hint)
    if len(name) > _NAME_LIMIT:
        raise PipelineError(f"the {what} name {name[:20]!r}… is over {_NAME_LIMIT} characters long", hint=hint)
    if fault := name_fault(name):
        raise PipelineError(f"{fault} cannot be part of a {what} name: {name!r}", hint=hint)
    return name


def check_pipeline_name(name: str) -> str:
    """The name, when it can be part of a URL path, a folder and a container's name.

    Raises
    ------
    PipelineError
        When it is anything but 1 to 63 letters, digits, ``-`` and ``_``, starting with a letter or digit.
    """
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", name):
        raise PipelineError(
            f"{name!r} is no name for a pipeline", hint="use up to 63 letters, digits, - and _, a letter or digit first"
        )
    return name
