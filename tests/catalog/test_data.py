"""What must hold for every entry of the package's catalogue."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import opea_nb.catalog
from opea_nb import templates
from opea_nb.catalog import Component, Form, load_catalog
from opea_nb.catalog.images import bare
from opea_nb.catalog.values import check_parameters
from opea_nb.gateway.adapters import PORTS
from opea_nb.pipeline import Pipeline
from opea_nb.pipeline.matching import Matching
from opea_nb.pipeline.sharing import keeps_data
from opea_nb.plan import GATEWAY, Plan, Target, plan
from opea_nb.plan.filling import PLACEHOLDER

CATALOG = load_catalog()
FORMS = [(c, f) for c in CATALOG.values() for f in c.forms.values()]
IMAGES = [(c, f) for c, f in FORMS if f.image]


def _ids(value: Component | Form) -> str:
    return value.kind if isinstance(value, Component) else value.name


def _alone(component: Component, form: Form, accelerator: str = "") -> Plan:
    """A plan for containers with one service or engine in one of its forms."""
    pipeline = Pipeline("alone")
    for kind in form.links:
        pipeline.add(kind, flow="linked")
    handle = pipeline.add(component.kind, "it", form=form.name)
    if component.role == "engine":
        pipeline.add("service", url="http://elsewhere:1/")
    elif not component.flow:
        pipeline.add("service", "before", url="http://elsewhere:1/") >> handle  # gives whatever the other needs
    return plan(pipeline, Target.containers("test", accelerator=accelerator or form.accelerator))


@pytest.mark.parametrize("component", CATALOG.values(), ids=_ids)
def test_a_component_says_what_people_need_to_choose_it(component: Component) -> None:
    assert component.title
    assert component.help.endswith((".", "}."))
    assert component.icon
    assert component.group in {"Text", "Data", "Speech", "Image", "Agent", "Safety", "Custom", "Engines"}
    assert component.port
    assert (component.role == "engine") == (not component.endpoint)
    for parameter in component.parameters:
        assert parameter.help, parameter.name
        if parameter.type in ("integer", "number"):
            assert parameter.minimum is not None, parameter.name
            assert parameter.maximum is not None, parameter.name


@pytest.mark.parametrize("component", CATALOG.values(), ids=_ids)
def test_defaults_are_allowed_values(component: Component) -> None:
    defaults = {p.name: p.default for p in component.parameters if p.default is not None}
    assert check_parameters(component, defaults) == defaults


def test_every_port_type_is_spoken_by_some_component_and_by_the_gateway() -> None:
    spoken = {t for c in CATALOG.values() for t in (c.input, c.output) if t}
    assert set(CATALOG.port_types) == set(PORTS) == spoken | {"ChatRequest"}


def test_no_name_stands_for_two_components() -> None:
    names: dict[str, str] = {}
    for component in CATALOG.values():
        for name in (component.kind, *component.aliases):
            assert names.setdefault(name, component.kind) == component.kind, name
    steps = [c.gmc for c in CATALOG.values() if c.gmc]
    assert len(steps) == len(set(steps))


@pytest.mark.parametrize(("component", "form"), IMAGES, ids=_ids)
def test_a_form_is_a_container_that_can_be_started_and_watched(component: Component, form: Form) -> None:
    assert re.search(r":[\w.-]+$", form.image), "an image has a tag"
    assert not form.image.endswith(":latest")
    assert 0 < form.port < 65536
    health = form.health
    assert health.path.startswith("/") != bool(health.command), "one way to see that it is ready"
    assert health.timeout > 0
    assert set(form.models) <= set(form.engines)
    assert component in CATALOG.by_image(form.image)


@pytest.mark.parametrize(("component", "form"), IMAGES, ids=_ids)
def test_a_plan_leaves_nothing_to_guess(component: Component, form: Form) -> None:
    made = _alone(component, form)
    assert made.process("it").image == form.image
    for process in made.processes:
        if process.name == GATEWAY:
            continue
        options = process.options
        words = (*process.environment.values(), *options.command, *options.entrypoint, *process.health.command)
        assert not any(PLACEHOLDER.search(word) for word in (*words, *(v.name for v in process.volumes)))
        assert all(process.environment.values()), f"{process.name} has an empty variable"
        references = set(re.findall(r"\$\{(\w+)\}", " ".join(words)))
        assert references <= {*process.secrets, *process.optional, *process.required}
        for need in process.needs:
            assert need == GATEWAY or made.process(need).health


@pytest.mark.parametrize("accelerator", ["cpu", "gaudi", "rocm", "nvidia"])
def test_every_engine_runs_on_every_hardware_in_the_form_made_for_it(accelerator: str) -> None:
    for component in CATALOG.values():
        if component.role == "engine":
            pipeline = Pipeline("x")
            pipeline.add(component.kind, "it")
            pipeline.add("service", url="http://elsewhere:1/")
            process = plan(pipeline, Target.containers("test", accelerator=accelerator)).process("it")
            made_for = {f.accelerator for f in component.forms.values()}
            otherwise = "cpu" if "cpu" in made_for else next(iter(made_for))  # what there is for one only runs there
            assert process.accelerator == (accelerator if accelerator in made_for else otherwise)


def test_gaudi_needs_its_runtime_and_rocm_its_devices() -> None:
    for component, form in IMAGES:
        options = form.options
        assert (options.runtime == "habana") == ("HABANA_VISIBLE_DEVICES" in form.environment), component.kind
        if form.accelerator == "gaudi":
            assert options.runtime == "habana"
            assert options.capabilities == ("SYS_NICE",)
        if form.accelerator == "rocm":
            assert "/dev/kfd" in options.devices


@pytest.mark.parametrize("engine", [c for c in CATALOG.values() if keeps_data(CATALOG, c.kind)], ids=_ids)
def test_a_database_keeps_its_files_for_itself(engine: Component) -> None:
    for form in engine.forms.values():
        assert all("{name}" in volume for volume in form.volumes)


def test_forms_that_share_a_store_have_one_name_one_engine_and_one_index() -> None:
    sharing = [c for c in CATALOG.values() if c.shares]
    assert {c.shares for c in sharing} == {"passages", "pictures"}
    for a in sharing:
        for b in sharing:
            if a.shares != b.shares:
                continue
            for name in a.forms.keys() & b.forms.keys():
                one, other = a.forms[name], b.forms[name]
                assert _stores(one) == _stores(other), (a.kind, b.kind, name)
                assert _indexes(one) == _indexes(other), (a.kind, b.kind, name)


def _stores(form: Form) -> list[str]:
    return [kind for kind in form.engines if keeps_data(CATALOG, kind)]


def _indexes(form: Form) -> set[str]:
    return {v for v in form.environment.values() if v.startswith("{index:")}


def test_each_file_holds_less_than_300_lines() -> None:
    for file in (Path(opea_nb.catalog.__file__).parent / "data").glob("*.yaml"):
        assert len(file.read_text(encoding="utf-8").splitlines()) < 300, file.name


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("${REGISTRY:-opea}/vllm:${TAG:-latest}", "opea/vllm"),
        ("${REGISTRY}/vllm:1", "vllm"),
        ("localhost:5000/opea/asr", "opea/asr"),
        ("Opea/ASR@sha256:0123", "opea/asr"),
        ("", ""),
    ],
)
def test_an_image_is_known_without_registry_and_tag(image: str, name: str) -> None:
    assert bare(image) == name


@pytest.mark.parametrize("component", [c for c in CATALOG.values() if c.then], ids=_ids)
def test_what_usually_follows_can_be_connected_to_what_it_follows(component: Component) -> None:
    matching = Matching(CATALOG)
    assert [matching.mismatch("a", component.kind, "b", kind) for kind in component.then] == [""] * len(component.then)


def test_what_follows_in_a_template_is_what_usually_follows() -> None:
    for name in templates.names():
        graph = Pipeline.from_yaml(templates.text(name)).graph
        for source, target, edge in graph.edges(data=True):
            if edge["flows"]:
                assert graph.nodes[target]["kind"] in CATALOG[graph.nodes[source]["kind"]].then, (name, source, target)
