"""A pipeline becomes an InferenceGraph, as far as that goes.

A graph only routes: services and engines are deployed by other means, such as this package's Kubernetes manifests, in
the same namespace. Its router passes bodies on as they are, where the gateway of this package adapts them; a Switch
looks at what its node is given, which is the request only at the start of the graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opea_nb.errors import PipelineError, PlanError
from opea_nb.formats import yaml_text
from opea_nb.formats.blocks import Block, Parallel, Series, blocks, names_of
from opea_nb.formats.compare import NOTHING, Difference, differences
from opea_nb.formats.conversion import Exported, Note
from opea_nb.formats.gmc import conditions
from opea_nb.formats.gmc.names import label
from opea_nb.formats.kserve.read import OWN, RESPONSE, WEIGHT, read_graph
from opea_nb.formats.kserve.records import KIND, VERSION
from opea_nb.pipeline import MAIN, Pipeline, Service
from opea_nb.pipeline import when as when_
from opea_nb.pipeline.when import Allowed
from opea_nb.plan import Target, plan

Data = dict[str, Any]


def write(pipeline: Pipeline, *, namespace: str = "") -> Exported:
    """Write an InferenceGraph of the main flow.

    Parameters
    ----------
    namespace
        Where it goes, with the services; left out when empty.

    Raises
    ------
    PlanError
        For what an InferenceGraph cannot express: names the service, and says what to do instead.
    """
    writing = _Writing(pipeline)
    kept = pipeline.mega.document_extra.get(OWN)
    kept = kept if isinstance(kept, Mapping) else {}
    metadata: Data = {"name": label(str(kept.get("name") or pipeline.name))}
    if chosen := namespace or kept.get("namespace"):
        metadata["namespace"] = label(str(chosen))
    for key in ("labels", "annotations"):
        if isinstance(kept.get(key), Mapping) and kept[key]:
            metadata[key] = dict(kept[key])
    own = kept.get("spec")
    spec: Data = {**(own if isinstance(own, Mapping) else {}), "nodes": writing.nodes}
    text = yaml_text.dump({"apiVersion": VERSION, "kind": KIND, "metadata": metadata, "spec": spec})
    notes = (*writing.notes, *_untold(pipeline, text, {note.item for note in writing.notes}))
    return Exported({f"{metadata['name']}.kserve.yaml": text}, notes)


def _untold(pipeline: Pipeline, text: str, told: set[str]) -> tuple[Note, ...]:
    """Notes on what one who reads the graph sees otherwise, but for what was noted already."""
    back = read_graph(yaml_text.load(text), (), pipeline.catalog).pipeline
    items = (_item(d) for d in differences(pipeline, back))
    reason = "an InferenceGraph only routes, and has no place for it"
    return tuple(Note("lost", item, reason) for item in dict.fromkeys(items) if item and item not in told)


def _item(difference: Difference) -> str:
    """What a difference is about; empty for what is the other side of another."""
    match difference.path:
        case ("services", name, *rest):
            key = rest[1] if len(rest) > 1 and rest[0] in ("parameters", "extra") else "".join(rest[:1])
            return f"{name}: {key}" if key else (name if difference.other is NOTHING else "")
        case ("engines", name, *_):
            return f"engine {name}"
        case ("flows", "main", "edges", edge):
            return edge
        case ("pipeline", key, *_) | ("flows", "main", key, *_):
            return "" if key == "services" else key
    return ""  # other flows and uses: their services and engines are told of


class _Writing:
    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.nodes: dict[str, Data] = {}
        self.notes: list[Note] = []
        main = pipeline.flow(MAIN)
        if not main:
            raise PlanError(f"{pipeline.name} has no step to call", hint="add a service to its main flow")
        self.routes = plan(pipeline, Target.containers("kserve")).routes
        self.whens = {name: self._when(pipeline.services[name]) for name in main}
        order = [name for name in pipeline.services if name in main]
        for name in order:
            self._refuse_and_note(pipeline.services[name])
        for name in pipeline.services:
            if name not in main:
                self.notes.append(Note("lost", name, "is in no step of the main flow; call it at its own address"))
        self._sequence(self._new("root"), blocks(main, order), {}, at_start=True)

    def _when(self, service: Service) -> when_.When:
        try:
            return when_.parse(service.extra.get(when_.WHEN, {}))
        except PipelineError as error:
            raise PlanError(f"{service.name}: {error.message}", hint=error.hint) from error

    def _refuse_and_note(self, service: Service) -> None:
        if service.api_key:
            message = f"{service.name}: an InferenceGraph sends no credentials, and it needs {service.api_key}"
            raise PlanError(message, hint="let it take requests without a key inside the cluster")
        for key in sorted(service.parameters):
            reason = "an InferenceGraph knows no settings of a step; send them with each request"
            self.notes.append(Note("lost", f"{service.name}: {key}", reason))
        for key in sorted(set(map(str, service.extra)) - {when_.WHEN, WEIGHT, OWN}):
            self.notes.append(Note("lost", f"{service.name}: {key}", "an InferenceGraph has no place for it"))

    def _new(self, name: str = "") -> str:
        name = name or f"node{len(self.nodes)}"
        self.nodes[name] = {}
        return name

    def _sequence(self, node: str, block: Block, context: Mapping[str, Allowed], *, at_start: bool) -> None:
        steps: list[Data] = []
        self.nodes[node] = {"routerType": "Sequence", "steps": steps}
        for part in block.parts if isinstance(block, Series) else (block,):
            more: Data = {"data": RESPONSE} if steps else {}
            step: Data = {"name": names_of(part)[0]}
            if isinstance(part, Parallel):
                inner = self._new()
                step["nodeName"] = inner
                self._parallel(inner, part, context, at_start=at_start and not steps)
            else:
                name = names_of(part)[0]
                if self._left(name, context):
                    message = f"{name} runs only for some requests, and an InferenceGraph has nothing for the others"
                    raise PlanError(message, hint=f"add a service beside it for them, or let {name} always run")
                own = self._own(name)
                if "data" in own and steps:
                    more = {} if own["data"] == "$request" else {"data": own["data"]}
                step |= self._called(name)
                more |= {key: own[key] for key in ("condition", "dependency") if own.get(key)}
            steps.append({**step, **more})

    def _parallel(self, node: str, block: Parallel, context: Mapping[str, Allowed], *, at_start: bool) -> None:
        firsts = [names_of(part)[0] for part in block.parts]
        guards = [self._left(name, context) for name in firsts]
        weights = [self.pipeline.services[name].extra.get(WEIGHT) for name in firsts]
        more: list[Data] = [{} for _ in firsts]
        router = "Ensemble"
        if all(isinstance(part, str) and self._own(part).get("condition") for part in block.parts):
            router, more = "Switch", [{"condition": self._own(name)["condition"]} for name in firsts]
        elif any(self._left(name, context) for name in names_of(block)):
            router, more = "Switch", self._conditions(firsts, guards, at_start=at_start)
        elif any(weight is not None for weight in weights):
            whole = all(isinstance(weight, int) and 0 < weight < 100 for weight in weights)
            if not whole or sum(weight for weight in weights if isinstance(weight, int)) != 100:
                message = f"the weights of {' and '.join(firsts)} are {weights}"
                raise PlanError(message, hint="give each of the branches a whole number, 100 together")
            router, more = "Splitter", [{"weight": weight} for weight in weights]
        steps: list[Data] = []
        self.nodes[node] = {"routerType": router, "steps": steps}
        for part, guard, extra in zip(block.parts, guards, more, strict=True):
            inside = {**context, **guard} if router == "Switch" else context
            step: Data = {"name": names_of(part)[0], **extra}
            if isinstance(part, str):
                step |= self._called(part)
                if dependency := self._own(part).get("dependency"):
                    step["dependency"] = dependency
            else:
                step["nodeName"] = self._new()
                self._sequence(step["nodeName"], part, inside, at_start=at_start)
            steps.append(step)

    def _conditions(self, names: list[str], guards: list[dict[str, Allowed]], *, at_start: bool) -> list[Data]:
        shown = " and ".join(names[:4])
        if not at_start:
            message = f"{shown}: an InferenceGraph chooses by what the step before gave, not by the request"
            raise PlanError(message, hint="choose at the start of the flow, or deploy with docker or kubernetes")
        paths = {path for guard in guards for path in guard}
        if len(paths) != 1 or not all(guards):
            raise PlanError(
                f"{shown}: an InferenceGraph chooses by one value", hint="ask all branches for the same path"
            )
        (path,) = paths
        allowed = [guard[path] for guard in guards]
        if not all(a.excludes(b) for i, a in enumerate(allowed) for b in allowed[i + 1 :]):
            message = f"{shown}: an InferenceGraph runs only the first branch that fits, and two may fit"
            raise PlanError(message, hint="give each branch values of its own")
        if not when_.exhaustive(allowed):
            reason = f"a request whose {path} fits no branch is answered with an error (404)"
            self.notes.append(Note("inferred", shown, reason))
        texts = [conditions.written(path, a, service=n, queries=True) for n, a in zip(names, allowed, strict=True)]
        return [{"condition": text} for text in texts]

    def _called(self, name: str) -> Data:
        """What a step calls: the service at its address, or the InferenceService that it was read with."""
        inference = self._own(name).get("serviceName")
        return {"serviceName": inference} if inference else {"serviceUrl": self.routes[name]}

    def _own(self, name: str) -> dict[str, str]:
        """What only KServe knows of a service."""
        own = self.pipeline.services[name].extra.get(OWN)
        if not isinstance(own, Mapping):
            return {}
        return {k: v for k, v in own.items() if isinstance(k, str) and isinstance(v, str)}

    def _left(self, name: str, context: Mapping[str, Allowed]) -> dict[str, Allowed]:
        whens = self.whens[name]
        return {p: a for p, a in whens.items() if p not in context or not context[p].implies(a)}
