"""What each service of a Compose file is: a mega service, a microservice, an engine, or none of OPEA's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from opea_nb.catalog import GENERIC, Catalog, Component
from opea_nb.catalog.images import bare
from opea_nb.formats.compose.read_services import ComposeService

__all__ = ["ANSWERING", "MEGA", "Role", "direct", "recognised", "stage", "with_applications"]

# Mega services of OPEA's examples: image -> endpoint, port.
MEGA = {
    "chatqna": ("/v1/chatqna", 8888),
    "audioqna": ("/v1/audioqna", 8888),
    "avatarchatbot": ("/v1/avatarchatbot", 8888),
    "searchqna": ("/v1/searchqna", 8888),
    "doc-index-retriever": ("/v1/retrievaltool", 8889),
    "graphrag": ("/v1/graphrag", 8888),
    "hybridrag": ("/v1/hybridrag", 8888),
    "visualqna": ("/v1/visualqna", 8888),
    "videoqna": ("/v1/videoqna", 8888),
    "multimodalqna": ("/v1/multimodalqna", 8888),
    "codegen": ("/v1/codegen", 7778),
    "codetrans": ("/v1/codetrans", 7777),
    "translation": ("/v1/translation", 8888),
    "docsum": ("/v1/docsum", 8888),
    "faqgen": ("/v1/faqgen", 8888),
    "arb-post-hearing": ("/v1/arb-post-hearing", 8888),
    "cogniwareims": ("/v1/cogniwareims", 8888),
    "polylingua": ("/v1/translation", 8888),
}
_FRONT = re.compile(r"(^|[-_/])(ui|gradio|react|svelte|frontend|front|nginx|webui)([-_]|$)")
_MEGA_VARIABLES = ("MEGA_SERVICE_HOST_IP", "MEGA_SERVICE_PORT", "BACKEND_SERVICE_MEGA")

# What the services of the examples are called, for files that only change what another file has.
_NAMED = (
    ("tei-rerank", "tei-rerank"),
    ("tei", "tei"),
    ("vllm", "vllm"),
    ("tgi", "tgi"),
    ("redis", "redis"),
    ("dataprep", "dataprep"),
    ("retriever", "retriever"),
    ("whisper", "whisper"),
    ("speecht5", "speecht5"),
)

# What images of other makers are called that serve what an engine of the catalogue serves.
_ENGINES = (
    ("text-embeddings-inference", "tei"),
    ("text-generation-inference", "tgi"),
    ("vllm", "vllm"),
    ("ipex-llm-serving", "vllm"),
    ("tgi", "tgi"),
    ("ollama", "ollama"),
)
_PROGRAMS = re.compile(r"text-(embeddings-router|generation-launcher)")

ANSWERING = 50
"""The stage of what writes the answer."""

# In the order in which a question passes them; the first that a kind begins with counts.
_STAGES = (
    ("guardrails", 0),
    ("asr", 10),
    ("language-detection", 15),
    ("embedding", 20),
    ("web-retriever", 30),
    ("retriever", 30),
    ("reranking", 40),
    ("text2query", 40),
    ("text2cypher", 40),
    ("prompt-template", 45),
    ("llm", ANSWERING),
    ("lvm", ANSWERING),
    ("arb-post-hearing", ANSWERING),
    ("tts", 60),
    ("animation", 70),
)


@dataclass(slots=True)
class Role:
    """A service of the file and what it is.

    Parameters
    ----------
    service
        The service.
    mega
        Name of the example whose mega service it is; empty for others.
    services, engines
        Components that its image may stand for.
    by_name
        Whether its name told, or its image's, and not the catalogue.
    """

    service: ComposeService
    mega: str = ""
    services: tuple[Component, ...] = ()
    engines: tuple[Component, ...] = ()
    by_name: bool = field(default=False)

    @property
    def known(self) -> bool:
        """Whether the catalogue has it."""
        return bool(self.services or self.engines)

    @property
    def wrapped(self) -> bool:
        """Whether it can only be a microservice of OPEA's."""
        return bool(self.services) and not self.engines


def stage(component: Component) -> int:
    """Where in a chain a kind of service stands; -1 for what is no step of one.

    >>> from opea_nb.catalog import load_catalog
    >>> stage(load_catalog()["retriever"]), stage(load_catalog()["dataprep"])
    (30, -1)
    """
    if component.flow:
        return -1
    return next((place for start, place in _STAGES if component.kind.startswith(start)), -1)


def recognised(service: ComposeService, catalog: Catalog) -> Role:
    """What a service of the file is, by its image."""
    name = bare(service.image).split("/")[-1]
    front = bool(_FRONT.search(name) or (not name and _FRONT.search(service.name)))
    found = catalog.by_image(service.image) if service.image else ()
    services = tuple(c for c in found if c.role == "service" and c.kind != "service")
    engines = tuple(c for c in found if c.role == "engine")
    mega = "" if front else _mega(name, service, known=bool(services or engines))
    if mega or front:
        return Role(service, mega)
    if service.image:
        if not found and (alike := _alike(service, catalog)):
            return alike
        return Role(service, "", _fitting(services, service), _fitting(engines, service))
    # built from a folder, or what another file has: the name is all there is
    short = re.sub(r"[-_](service|server|serving)$", "", service.name)
    component = catalog.find(name=short)
    if component.kind == GENERIC:
        component = next((c for word, kind in _NAMED if word in short and (c := catalog.get(kind))), component)
    if component.kind == GENERIC:
        return Role(service)
    if component.role == "service":
        return Role(service, "", (component,), by_name=True)
    return _as_engine(service, component, catalog)


def _alike(service: ComposeService, catalog: Catalog) -> Role | None:
    """An engine of the catalogue in an image of another maker, which is called like it."""
    image = bare(service.image)
    name = image.split("/")[-1]
    if image.startswith("opea/") or re.search(r"exporter|benchmark|router|dashboard", name):
        return None
    kind = next((k for word, k in _ENGINES if re.search(rf"(^|[-_.]){word}([-_.]|$)", name)), "")
    component = catalog.get("tei-rerank" if kind == "tei" and "rerank" in service.text else kind)
    return _as_engine(service, component, catalog) if component else None


def _as_engine(service: ComposeService, component: Component, catalog: Catalog) -> Role:
    also = catalog.by_image(next((f.image for f in component.forms.values()), ""))
    directly = _fitting(tuple(c for c in also if c.role == "service" and c.kind != GENERIC), service)
    return Role(service, "", directly, (component,), by_name=True)


def with_applications(roles: Mapping[str, Role], catalog: Catalog) -> dict[str, Role]:
    """The roles; where none is a microservice, applications of OPEA's that the catalogue lacks are services of JSON."""
    found = dict(roles)
    if any(r.wrapped or r.mega in MEGA for r in found.values()):
        return found
    awaited = {need for role in found.values() if role.mega for need in role.service.needs}
    for name, role in found.items():
        image = bare(role.service.image)
        own = bool(re.search(r"(^|/)opea/", image)) or (not image and "build" in role.service.raw) or name in awaited
        front = _FRONT.search(image or name)
        if own and not role.known and not role.mega and not front and role.service.ports:
            found[name] = Role(role.service, services=(catalog[GENERIC],))
    return found


def _mega(image: str, service: ComposeService, *, known: bool) -> str:
    if not image and "backend" in service.name:
        image = service.name
    example = next((m for m in sorted(MEGA, key=len, reverse=True) if image == m or image.startswith(f"{m}-")), "")
    told = any(v in service.environment for v in _MEGA_VARIABLES)
    calls = any(re.search(r"_(SERVICE|SERVER)_HOST_IP$", variable) for variable in service.environment)
    if known and not told and not (example and calls):
        return ""
    if example:
        return example
    if told and not known:
        return re.sub(r"[-_](backend|server|mega\w*).*$", "", image or service.name) or "mega"
    return ""


def direct(role: Role) -> Component | None:
    """The component that it is when the mega service calls it without a microservice before it."""
    return role.services[0] if role.services and role.engines else None


def _fitting(components: tuple[Component, ...], service: ComposeService) -> tuple[Component, ...]:
    """Those that fit its names and words, the likeliest first."""
    if len(components) < 2:
        return components
    text = f"{service.text} {' '.join(v for k, v in service.environment.items() if 'COMPONENT_NAME' in k)}".lower()
    text = _PROGRAMS.sub("", text.replace(service.image.lower(), ""))  # which they share
    text += " video" if "CHUNK_DURATION" in service.environment else ""
    text += " multimodal" if any("MULTIMODAL" in k or "BRIDGE" in k for k in service.environment) else ""
    text += " graph" if any(k.startswith("NEO4J_") for k in service.environment) else ""

    def score(component: Component) -> float:
        kind = component.kind
        points = 0.0
        for word in (
            "rerank",
            "multimodal",
            "video",
            "graph",
            "embed",
            "guardrail",
            "lvm",
            "llava",
            "whisper",
            "openai",
        ):
            points += (word in kind) * (1 if word in text else -1) - 0.5 * (word in text and word not in kind)
        points += 0.3 * sum(word in text for word in kind.split("-"))
        return points

    return tuple(sorted(components, key=lambda c: -score(c)))
