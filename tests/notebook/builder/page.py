"""A page without a browser: it keeps its scene by patches alone, and asks by messages, as the real one does."""

from __future__ import annotations

import json
from typing import Any

from opea_nb.notebook.builder.bridge import Bridge
from opea_nb.notebook.builder.canvas import Canvas
from opea_nb.notebook.builder.session import Session
from opea_nb.pipeline import Pipeline

TABLES = ("nodes", "edges", "notes", "groups")


def patched(scene: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """The scene after a patch, as the page makes it."""
    after = {**scene, **{key: value for key, value in patch.items() if key not in (*TABLES, "renamed")}}
    for table in TABLES:
        changed = patch.get(table, {})
        kept = {name: element for name, element in scene[table].items() if name not in changed}
        after[table] = kept | {name: element for name, element in changed.items() if element is not None}
    return after


class Page:
    """One view of a bridge.

    Parameters
    ----------
    bridge
        What it is connected to; a new one for `pipeline` when ``None``.
    """

    def __init__(self, pipeline: Pipeline | None = None, *, bridge: Bridge | None = None) -> None:
        self.session = Session(pipeline or Pipeline("chat")) if bridge is None else bridge._session
        self.pipeline = self.session.pipeline
        self.bridge = bridge or Bridge(self.session, Canvas(lambda _: None, lambda _, __: None).widget)
        self.messages: list[dict[str, Any]] = []
        self._n = 0
        self.scene: dict[str, Any] = self.state()["scene"]
        self.bridge.comm.publish_msg = self._got  # the one way out of a widget

    def state(self) -> dict[str, Any]:
        """What a page that opens now is given."""
        state: dict[str, Any] = json.loads(json.dumps(self.bridge.get_state(["scene", "catalog"]), allow_nan=False))
        return state

    def _got(self, _type: str, data: Any = None, **_: Any) -> None:
        if not isinstance(data, dict) or data.get("method") != "custom":
            return
        message = json.loads(json.dumps(data["content"], allow_nan=False))
        self.messages.append(message)
        if message["type"] == "patch":
            self.scene = patched(self.scene, message["patch"])

    def send(self, content: object) -> None:
        """Send a message, whatever it is."""
        self.bridge._handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})

    def ask(self, act: str, **fields: Any) -> dict[str, Any]:
        """Send an intent; gives the answer that it is done, or why not."""
        self._n += 1
        self.messages.clear()
        self.send({"act": act, "n": self._n, "view": "one", **fields})
        done = self.messages[-1]
        assert done["type"] == "done"
        assert (done["n"], done["view"]) == (self._n, "one")
        return done

    def told(self, kind: str) -> dict[str, Any]:
        """The message of that type that came with the last answer."""
        return next(message for message in self.messages if message["type"] == kind)

    @property
    def patches(self) -> list[dict[str, Any]]:
        """The patches that came with the last answer."""
        return [message["patch"] for message in self.messages if message["type"] == "patch"]
