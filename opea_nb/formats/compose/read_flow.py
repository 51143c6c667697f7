"""Which services of a Compose file are steps of which flow, and which engines they use: a guess, well founded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from opea_nb.catalog import GENERIC, Component
from opea_nb.formats.compose.read_roles import Role, direct, stage
from opea_nb.formats.compose.read_services import ComposeService
from opea_nb.formats.compose.read_values import hosts_in

__all__ = ["Chain", "Inferred", "infer"]

# Words of the variables that name a mega service's steps (LLM_SERVER_HOST_IP) -> start of the kinds they mean.
_STEP_WORDS = {
    "EMBEDDING": "embedding", "MM_EMBEDDING": "embedding", "RETRIEVER": "retriever", "RERANK": "reranking",
    "LLM": "llm", "WHISPER": "asr", "ASR": "asr", "SPEECHT5": "tts", "GPT_SOVITS": "tts", "TTS": "tts", "LVM": "lvm",
    "GUARDRAIL": "guardrails", "WEB_RETRIEVER": "web-retriever", "ANIMATION": "animation", "TEXT2QUERY": "text2",
    "TEXT2CYPHER": "text2", "DATAPREP": "dataprep",
}  # fmt: skip
_SAME_WORDS = {"EMBEDDER": "EMBEDDING", "RETRIEVAL": "RETRIEVER", "RERANKING": "RERANK", "RERANKER": "RERANK"}
# Steps that the mega service of an example calls itself, before or after its flow.
_BESIDE = {"multimodalqna": ("asr", "tts")}
_EMBEDDING = 20
_STEP = re.compile(r"([A-Z0-9_]+?)(?:_SERVICE|_SERVER)?_(?:HOST_IP|HOST|ENDPOINT|URL|PORT)$")


@dataclass(slots=True)
class Chain:
    """The flow of one mega service.

    Parameters
    ----------
    mega, name
        The mega service, ``None`` without one, and the example that it is of.
    levels
        Steps in order; those of a level stand side by side.
    side
        Steps beside the levels that feed the language model: a search of another sort.
    """

    mega: ComposeService | None
    name: str
    levels: list[list[str]] = field(default_factory=list)
    side: list[str] = field(default_factory=list)

    @property
    def members(self) -> list[str]:
        """All steps, in order."""
        return [*(name for level in self.levels for name in level), *self.side]


@dataclass(slots=True)
class Inferred:
    """What was guessed.

    Parameters
    ----------
    steps
        Service of the file -> the component that it is as a microservice.
    engines
        Service of the file -> the component that it is as an engine.
    uses
        Microservice -> engines.
    chains
        One for each mega service; a single one without edges where there is none.
    shared
        Steps that are called by the mega service and used by others as an engine, with those others.
    outside
        Mega service -> words of steps (``LLM``) that its variables name, with nothing in the file to be them.
    """

    steps: dict[str, Component] = field(default_factory=dict)
    engines: dict[str, Component] = field(default_factory=dict)
    uses: dict[str, list[str]] = field(default_factory=dict)
    chains: list[Chain] = field(default_factory=list)
    shared: dict[str, list[str]] = field(default_factory=dict)
    outside: dict[str, list[str]] = field(default_factory=dict)


def infer(roles: Mapping[str, Role]) -> Inferred:
    """Steps, engines and flows out of images, addresses in environments, and ``depends_on``."""
    return _Inference(roles).infer()


class _Inference:
    def __init__(self, roles: Mapping[str, Role]) -> None:
        self.roles = roles
        self.megas = [n for n, r in roles.items() if r.mega]
        self.known = {n: r for n, r in roles.items() if r.known}
        self.by_host = {host: n for n, r in roles.items() for host in r.service.hosts}
        self.by_port = {p: n for n, r in roles.items() for p, _ in r.service.ports if p}
        self.reached = {n: self._reached(r.service) for n, r in roles.items()}
        self.by_mega = {n for m in self.megas for n in self.reached[m]}
        self.awaited = {n for m in self.megas for n in roles[m].service.needs}
        self.taken = {stage(r.services[0]) for n, r in self.known.items() if r.services and n in self.by_mega}
        self.covered = {stage(r.services[0]) for r in self.known.values() if r.wrapped}
        self.searched = any("retriever" in r.services[0].kind for r in self.known.values() if r.services)
        self.found = Inferred()

    def infer(self) -> Inferred:
        found = self.found
        wrapped = {n: r for n, r in self.known.items() if r.wrapped}
        for name, role in wrapped.items():
            found.steps[name] = role.services[0]
        for name, role in self.known.items():
            if name not in wrapped:
                self._either(name, role, wrapped)
        if not found.steps:  # then those that nothing uses are there to be asked
            used = {n for engine in found.engines for n in self.reached[engine]}
            asked = [n for n in found.engines if direct(self.roles[n]) and not self._idle(self.roles[n])]
            for name in [n for n in asked if n not in used]:
                del found.engines[name]
                found.steps[name] = self.roles[name].services[0]
        for name in found.steps:
            self._uses(name)
        self._uses_of_the_same_address()
        members = [self._called(m) for m in self.megas]
        found.chains = [self._chain(m, called) for m, called in zip(self.megas, members, strict=True)]
        if not found.chains:
            found.chains = [self._alone()]
        return found

    def _either(self, name: str, role: Role, wrapped: Mapping[str, Role]) -> None:
        """An image that may be an engine, or a step that is called directly."""
        as_step = direct(role)
        users = [n for n in wrapped if name in self.reached[n] or name in self.roles[n].service.needs]
        if as_step is None or self._idle(role):
            self.found.engines[name] = role.engines[0]
            return
        by_mega = name in self.by_mega
        place = stage(as_step)
        covered = place in self.covered
        hinted = any(self._hinted(m, as_step) for m in self.megas)
        waited = name in self.awaited
        # an embedding server may serve the question, and the stores besides
        beside = place == _EMBEDDING and all(self._stores(wrapped[n]) for n in users)
        taken = place in self.taken
        if by_mega or (not covered and not taken and (beside or not users) and (hinted or (waited and not users))):
            self.found.steps[name] = as_step
            if users:
                self.found.shared[name] = users
        else:
            self.found.engines[name] = role.engines[0]

    def _idle(self, role: Role) -> bool:
        """Whether it ranks what nothing in the file finds."""
        return not self.searched and bool(role.services) and role.services[0].kind.startswith("reranking")

    def _stores(self, role: Role) -> bool:
        return role.services[0].kind.startswith(("dataprep", "retriever"))

    def _reached(self, service: ComposeService) -> list[str]:
        """Services whose address stands in its environment."""
        found: dict[str, None] = {}
        for key, value in service.environment.items():
            if key.lower() in ("no_proxy", "http_proxy", "https_proxy"):
                continue
            for host, port in hosts_in(value):
                if host in self.by_host:
                    found[self.by_host[host]] = None
                elif port in self.by_port and (host.startswith("${") or host in ("localhost", "host.docker.internal")):
                    found[self.by_port[port]] = None
        found.pop(service.name, None)
        return list(found)

    def _words(self, mega: str) -> list[str]:
        """Words of steps that a mega service's variables name."""
        found = (_word(key) for key in self.roles[mega].service.environment)
        return list(dict.fromkeys(word for word in found if word))

    def _hinted(self, mega: str, component: Component) -> bool:
        return any(component.kind.startswith(_STEP_WORDS[word]) for word in self._words(mega))

    def _uses(self, name: str) -> None:
        """Engines that a step uses, and those that these use."""
        service = self.roles[name].service
        todo = [n for n in self.reached[name] if n in self.found.engines]
        if not todo:
            component = self.found.steps[name]
            wanted = {e for f in component.forms.values() for e in f.engines}
            waited = [n for n in service.needs if n in self.found.engines]
            todo = [n for n in waited if component.kind == GENERIC or self.found.engines[n].kind in wanted]
        uses: list[str] = []
        while todo:
            engine = todo.pop(0)
            if engine not in uses:
                uses.append(engine)
                near = (*self.reached[engine], *self.roles[engine].service.needs)
                todo += [n for n in near if n in self.found.engines]
        if uses:
            self.found.uses[name] = uses

    def _uses_of_the_same_address(self) -> None:
        """Two steps that are told the same address, which the file leaves open, use the same engine."""
        given = {name: self._open_addresses(name) for name in self.found.steps}
        before = {name: list(engines) for name, engines in self.found.uses.items()}
        for name, component in self.found.steps.items():
            wanted = {e for form in component.forms.values() for e in form.engines}
            uses = before.get(name, [])
            have = {self.found.engines[n].kind for n in uses}
            for other, engines in before.items():
                if other == name or not given[name] & given[other]:
                    continue
                fitting = [n for n in engines if self.found.engines[n].kind in wanted - have]
                uses = list(dict.fromkeys([*uses, *fitting]))
            if uses:
                self.found.uses[name] = uses

    def _open_addresses(self, name: str) -> set[tuple[str, str]]:
        environment = self.roles[name].service.environment
        told = {(k.upper(), v) for k, v in environment.items() if re.search(r"(ENDPOINT|URL)$", k.upper())}
        return {(k, v) for k, v in told if re.fullmatch(r"\$\{\w+\}", v)}

    def _called(self, mega: str) -> list[str]:
        """Steps that a mega service calls: by address, by the words of its variables, by what it waits for."""
        service = self.roles[mega].service
        beside = _BESIDE.get(self.roles[mega].mega, ())
        steps = [n for n, c in self.found.steps.items() if stage(c) >= 0 and not c.kind.startswith(beside)]
        called = [n for n in steps if n in self.reached[mega]]
        others = {n for m in self.megas if m != mega for n in self.reached[m]} - {*called, *service.needs}
        places = {stage(self.found.steps[n]) for n in called}
        for word in self._words(mega):
            if _STEP_WORDS[word].startswith(beside):
                continue
            alike = [n for n in steps if self.found.steps[n].kind.startswith(_STEP_WORDS[word])]
            fitting = [n for n in alike if n not in others]
            fresh = [n for n in fitting if n not in called and stage(self.found.steps[n]) not in places]
            waited = [n for n in fresh if n in service.needs] or fresh
            called += waited[:1]
            if not fitting and _STEP_WORDS[word] != "dataprep":
                self.found.outside.setdefault(mega, []).append(word)
        places = {stage(self.found.steps[n]) for n in called}
        waits = self._waits(mega) or set(steps if len(self.megas) == 1 else ())
        reached = {n for s in self.found.steps for n in self.reached[s]}
        late = [n for n in steps if n in waits and stage(self.found.steps[n]) not in places and n not in reached]
        if not called and not late and len(self.megas) == 1:
            late = [n for n in steps if n not in reached]
        return called + late

    def _waits(self, mega: str) -> set[str]:
        """What a mega service waits for, directly or through others."""
        found: set[str] = set()
        todo = list(self.roles[mega].service.needs)
        while todo:
            name = todo.pop()
            if name in self.roles and name not in found:
                found.add(name)
                todo += self.roles[name].service.needs
        return found

    def _chain(self, mega: str, called: list[str]) -> Chain:
        levels: dict[int, list[str]] = {}
        for name in called:
            levels.setdefault(stage(self.found.steps[name]), []).append(name)
        ordered = [levels[place] for place in sorted(levels)]
        side = [n for level in ordered for n in level if self.found.steps[n].kind.startswith("text2")]
        kept = [left for level in ordered if (left := [n for n in level if n not in side])]
        return Chain(self.roles[mega].service, self.roles[mega].mega, kept or [side], side if kept else [])

    def _alone(self) -> Chain:
        """Without a mega service: a chain where each stage has at most one service, else no edges."""
        steps = [n for n, c in self.found.steps.items() if stage(c) >= 0]
        agents = [n for n, c in self.found.steps.items() if c.kind == "agent"]
        called = {n for a in agents for n in (*self.reached[a], *self.roles[a].service.needs) if n != a}
        if 0 < len(asked := [n for n in agents if n not in called]) < len(agents):
            return Chain(None, "", [asked])  # the others are tools of theirs
        places = [stage(self.found.steps[n]) for n in steps]
        reached = {n for s in self.found.steps for n in self.reached[s]}
        if len(set(places)) == len(places) and len(places) > 1 and not reached & set(steps):
            ordered = sorted(steps, key=lambda n: stage(self.found.steps[n]))
            return Chain(None, "", [[n] for n in ordered])
        return Chain(None, "", [])


def _word(variable: str) -> str:
    """The word of the step that a variable tells the address of, whatever stands before it; empty for none.

    >>> _word("LLM_SERVER_HOST_IP"), _word("TEI_EMBEDDING_HOST_IP"), _word("WEB_RETRIEVER_SERVICE_PORT"), _word("PATH")
    ('LLM', 'EMBEDDING', 'WEB_RETRIEVER', '')
    """
    found = _STEP.fullmatch(variable)
    words = found[1].rsplit("_", 3)[-3:] if found else []  # a longer name than any that is meant
    names = ("_".join(words[at:]) for at in range(len(words)))
    return next((w for name in names if (w := _SAME_WORDS.get(name, name)) in _STEP_WORDS), "")
