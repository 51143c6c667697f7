"""Nested blocks and request conditions as router nodes: Sequence, Switch where requests decide, else Ensemble."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from opea_nb.errors import PlanError
from opea_nb.formats.blocks import Block, Parallel, Series, names_of
from opea_nb.formats.conversion import Note
from opea_nb.formats.gmc import conditions
from opea_nb.pipeline import when as when_
from opea_nb.pipeline.when import Allowed

Data = dict[str, Any]
Tests = Mapping[str, Allowed]
_RESPONSE = "$response"


class Nodes:
    """Router nodes as they are made.

    Parameters
    ----------
    whens
        Service -> the tests under which it runs.
    call
        Service -> the step that calls it (``name``, ``internalService`` …).
    """

    def __init__(self, whens: Mapping[str, Tests], call: Callable[[str], Data]) -> None:
        self.whens, self.call = whens, call
        self.nodes: dict[str, Data] = {}
        self.home: dict[str, str] = {}
        self.notes: list[Note] = []

    def root(self, block: Block) -> None:
        """Make all nodes, ``root`` first."""
        self._sequence(self._new("root"), block, {})

    def _new(self, name: str = "") -> str:
        name = name or f"node{len(self.nodes)}"
        self.nodes[name] = {}
        return name

    def _sequence(self, node: str, block: Block, context: Tests) -> None:
        steps: list[Data] = []
        self.nodes[node] = {"routerType": "Sequence", "steps": steps}
        for part in block.parts if isinstance(block, Series) else (block,):
            more: Data = {"data": _RESPONSE} if steps else {}
            if isinstance(part, Parallel):
                inner = self._new()
                steps.append({"name": self._label(part), **more, "nodeName": inner})
                self._parallel(inner, part, context)
                if self.nodes[inner]["routerType"] == "Ensemble" and part is not _last(block):
                    reason = "gets one object with the answer of each branch; only a service made for that takes it"
                    self.notes.append(Note("inferred", f"what follows {', '.join(names_of(part))}", reason))
                continue
            for name in names_of(part):
                if left := self._left(name, context):
                    raise _optional(name, left)
                steps.append(self._leaf(name, node, more))

    def _parallel(self, node: str, block: Parallel, context: Tests) -> None:
        if any(self._left(name, context) for name in names_of(block)):
            self._switch(node, block, context)
        else:
            self._ensemble(node, block, context)

    def _ensemble(self, node: str, block: Parallel, context: Tests) -> None:
        steps: list[Data] = []
        self.nodes[node] = {"routerType": "Ensemble", "steps": steps}
        for part in block.parts:
            labels = [self._label(name) for name in reversed(names_of(part))]
            taken = {step["name"] for step in steps}
            free = next((label for label in labels if label not in taken), "")
            if not free:
                last = names_of(part)[-1]
                message = f"{last}: GMC keeps parallel answers by the name of the step, and two are {labels[0]}"
                raise PlanError(message, hint=f"let {last} follow the others, or take one of them out")
            # A node for each branch: an Ensemble would call the engines beside its steps.
            inner = self._new()
            steps.append({"name": free, "nodeName": inner})
            self._sequence(inner, part, context)

    def _switch(self, node: str, block: Parallel, context: Tests) -> None:
        path, groups = self._groups(block, context)
        steps: list[Data] = []
        self.nodes[node] = {"routerType": "Switch", "steps": steps}
        texts = self._conditions(path, groups)
        for (test, parts), text in zip(groups.items(), texts, strict=True):
            inside = {**context, path: test}
            inner: Block = parts[0] if len(parts) == 1 else Parallel(tuple(parts))
            names = names_of(inner)
            chain = isinstance(inner, str) or (isinstance(inner, Series) and len(inner.parts) == len(names))
            if chain and not any(self._left(name, inside) for name in names):
                for name in names:
                    more: Data = {"data": _RESPONSE} if name != names[0] else {}
                    steps.append(self._leaf(name, node, {"condition": text, **more}))
                continue
            nested = self._new()
            steps.append({"name": self._label(inner), "condition": text, "nodeName": nested})
            if isinstance(inner, Parallel):
                self._parallel(nested, inner, inside)
            else:
                self._sequence(nested, inner, inside)

    def _groups(self, block: Parallel, context: Tests) -> tuple[str, dict[Allowed, list[Block]]]:
        """The path that decides, and the branches for each of its tests."""
        guards = [self._guard(part, context) for part in block.parts]
        for path in guards[0]:
            groups: dict[Allowed, list[Block]] = {}
            for part, guard in zip(block.parts, guards, strict=True):
                if path in guard:
                    groups.setdefault(guard[path], []).append(part)
            tests = list(groups)
            apart = all(a.excludes(b) for i, a in enumerate(tests) for b in tests[i + 1 :])
            if all(path in guard for guard in guards) and len(groups) > 1 and apart:
                return path, groups
        shown = " and ".join(names_of(part)[0] for part in block.parts[:4])
        message = f"{shown} run side by side on conditions that may both hold, or not on one value"
        hint = "give each of them a `when` on the same path with other values, or let them all run always"
        raise PlanError(f"{message}: a Switch of GMC would run them one after the other", hint=hint)

    def _conditions(self, path: str, groups: Mapping[Allowed, list[Block]]) -> list[str]:
        """The groups' conditions, one of them widened where a request could fit none."""
        names = {test: names_of(parts[0])[0] for test, parts in groups.items()}
        texts = [conditions.written(path, test, service=name) for test, name in names.items()]
        if when_.exhaustive(groups):
            return texts
        tests = list(groups)
        single = [i for i, t in enumerate(tests) if not t.negated and len(t.values) == 1 and all(t.values)]
        if not single or any(t.negated or None in t.values for t in tests):
            message = f"{' and '.join(list(names.values())[:4])}: a request whose {path} fits none of them stops GMC"
            raise PlanError(f"{message}'s router", hint=f"let the branches cover every value of {path}, and none")
        first = single[0]
        own = next(v for v in tests[first].values if v is not None)
        others = frozenset(v for i, t in enumerate(tests) if i != first for v in t.values if v is not None)
        name = names[tests[first]]
        texts[first] = conditions.widened(path, own, others, service=name)
        reason = f"also takes requests whose {path} fits no branch, which would stop GMC's router"
        self.notes.append(Note("inferred", name, reason))
        return texts

    def _guard(self, part: Block, context: Tests) -> dict[str, Allowed]:
        """The tests that all services of a block share."""
        first, *rest = (self._left(name, context) for name in names_of(part))
        return {path: test for path, test in first.items() if all(r.get(path) == test for r in rest)}

    def _left(self, name: str, context: Tests) -> dict[str, Allowed]:
        """A service's tests that the nodes around it have not made yet."""
        whens = self.whens.get(name, {})
        return {p: test for p, test in whens.items() if p not in context or not context[p].implies(test)}

    def _leaf(self, name: str, node: str, more: Data) -> Data:
        self.home[name] = node
        step = self.call(name)
        own: Data = step.pop("own", {})
        if "data" in own and "data" in more:
            more = {**more, "data": own["data"]}
        if own.get("query"):
            hint = "replace it by a `when` of the service"
            raise PlanError(f"{name}: nobody knows which branch its condition is: {own['query']}", hint=hint)
        if own.get("condition"):
            if "data" not in more or "condition" in more:
                hint = "take it out of the service's `gmc` settings"
                raise PlanError(
                    f"{name}: its condition can only be asked of the step before it in a Sequence", hint=hint
                )
            more = {**more, "condition": own["condition"]}
        if own.get("dependency") in ("Soft", "Hard"):
            more = {**more, "dependency": own["dependency"]}
        label = step.pop("name")
        return {"name": label, **{k: v for k, v in more.items() if v}, **step}

    def _label(self, block: Block) -> str:
        label: str = self.call(names_of(block)[0])["name"]
        return label


def _last(block: Block) -> Block:
    return block.parts[-1] if isinstance(block, Series) else block


def _optional(name: str, left: Tests) -> PlanError:
    path = next(iter(left))
    message = f"{name} runs only for some requests, and GMC has nothing that passes the others on"
    hint = f"add a service beside it for the others (`when: {{{path}: {{not: …}}}}`), or let {name} always run"
    return PlanError(message, hint=hint)
