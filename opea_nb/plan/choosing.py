"""Which form each service and engine runs in, and which engines each uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from opea_nb.catalog import Component, Form, Health
from opea_nb.errors import PlanError
from opea_nb.pipeline import Engine, Pipeline, Service
from opea_nb.pipeline.sharing import Store, agreed, keeps_data
from opea_nb.plan.model import Target

_MODEL = "model"


class Choices:
    """What is chosen for a pipeline on a target.

    Parameters
    ----------
    forms
        Name of a service or engine -> its form.
    engines
        Those of the pipeline that are deployed, and those that nobody drew, by name.
    uses
        Name of a service or engine -> kind of engine -> the engine that it uses.
    stores
        Name of a service that shares a store -> what it shares.
    """

    def __init__(self, pipeline: Pipeline, target: Target) -> None:
        self._pipeline = pipeline
        self._target = target
        self._drawn = {k: tuple(e) for k, e in _by_kind(pipeline.engines.values()).items()}
        self._added: dict[tuple[str, str], Engine] = {}
        self.engines: dict[str, Engine] = {n: e for n, e in pipeline.engines.items() if not e.url}
        self.forms: dict[str, Form] = {}
        self.uses: dict[str, Mapping[str, Engine]] = {}
        services = [s for _, s in sorted(pipeline.services.items()) if not s.url]
        self.stores = {
            s.name: agreed(pipeline.graph, pipeline.catalog, s.name)
            for s in services
            if pipeline.component(s.name).shares
        }
        for service in services:
            self._choose(service)
        waiting = sorted(self.engines)
        while waiting:  # an engine may use engines of its own
            for name in waiting:
                self._choose(self.engines[name])
            waiting = sorted(self.engines.keys() - self.forms.keys())

    def model_of(self, node: Service | Engine) -> str:
        """The model that a service or engine serves: its parameter, else the form's own."""
        parameter = self._pipeline.catalog.component(node.kind).parameter(_MODEL)
        given = node.parameters.get(_MODEL) or (parameter.default if parameter else None)
        return str(given or (self.forms[node.name].model if node.name in self.forms else ""))

    def _choose(self, node: Service | Engine) -> None:
        component = self._pipeline.catalog.component(node.kind)
        self.forms[node.name] = self._form(node, component)
        self.uses[node.name] = {kind: self._engine(node, kind) for kind in self.forms[node.name].engines}

    def _form(self, node: Service | Engine, component: Component) -> Form:
        """The form that the node asks for, else the one that suits the target and the engines that are drawn best."""
        if node.form:
            possible = {n: f for n, f in component.forms.items() if n == node.form and self._takes(f, asked=True)}
        else:
            possible = {n: f for n, f in component.forms.items() if self._takes(f)} or self._only(component)
        if not possible and node.image and self._target.image:
            possible = {"image": self._own_image(node)}
        if not possible:
            comes_as = " or ".join(component.forms) or "nothing that opea_nb can start"
            raise PlanError(
                f"{node.name} ({node.kind}) cannot run on {self._target.name}: it comes as {comes_as}",
                hint=f"give {node.name} the url of one that runs elsewhere, or choose another target",
            )
        store = self.stores.get(node.name, Store())
        uses = self._pipeline.engines_of(node.name) if node.name in self._pipeline.services else ()
        own = {self._pipeline.engines[n].kind for n in uses} | {store.kind}
        drawn = set(self._drawn)
        if component.shares:  # its store decides; that a model server is drawn for another service does not
            drawn = {kind for kind in drawn if keeps_data(self._pipeline.catalog, kind)}

        def suits(form: Form) -> tuple[bool, int, int, bool]:
            engines = set(form.engines)
            of_target = form.accelerator == self._target.accelerator
            return form.name == store.form, len(own & engines), len(drawn & engines), of_target

        return max(possible.values(), key=suits)  # the first of the catalogue where several suit alike

    def _takes(self, form: Form, *, asked: bool = False) -> bool:
        """Whether a form can run on the target; one that is asked for by name brings its own accelerator."""
        if self._target.forms:
            return form.name in self._target.forms
        return bool(form.image) and (asked or form.accelerator in ("cpu", self._target.accelerator))

    def _own_image(self, node: Service | Engine) -> Form:
        """The form of a container that the catalogue knows nothing of; it is ready when its port takes connections."""
        own = self._pipeline.engines_of(node.name) if isinstance(node, Service) else ()
        kinds = tuple(dict.fromkeys(self._pipeline.engines[name].kind for name in own))
        return Form("image", image=node.image, port=node.port, engines=kinds, health=Health(path=""))

    def _only(self, component: Component) -> dict[str, Form]:
        """The forms of a component that there is for one accelerator only: who wants it has that."""
        forms = {} if self._target.forms else {n: f for n, f in component.forms.items() if f.image}
        return forms if len({f.accelerator for f in forms.values()}) == 1 else {}

    def _engine(self, node: Service | Engine, kind: str) -> Engine:
        """The engine of a kind that a node uses: the one drawn for it, one that fits it too, or a new one."""
        pipeline = self._pipeline
        drawn = self._drawn.get(kind, ())
        own = pipeline.engines_of(node.name) if isinstance(node, Service) else ()
        mine = next((e for e in drawn if e.name in own), None)
        if mine is not None:
            return mine
        shared = self.stores[node.name].engine if node.name in self.stores else ""
        model = self._model_wanted(node, kind)
        for engine in drawn:
            if engine.name == shared or (self._serves(engine, model) and (len(drawn) == 1 or engine.name == kind)):
                return engine
        private = node.name if isinstance(node, Engine) and not model else ""
        key = (kind, private or model)
        if key not in self._added:
            name = self._free_name(kind, node.name, private=bool(private))
            self._added[key] = Engine(name, kind, parameters={_MODEL: model} if model else {})
            self.engines[name] = self._added[key]
        return self._added[key]

    def _model_wanted(self, node: Service | Engine, kind: str) -> str:
        """The model that an engine of that kind must serve for a node; empty for one that serves none."""
        parameter = self._pipeline.catalog.component(kind).parameter(_MODEL)
        if parameter is None:
            return ""
        form, component = self.forms[node.name], self._pipeline.catalog.component(node.kind)
        told = component.parameter(_MODEL) is not None and node.parameters.get(_MODEL)
        return str(told or form.models.get(kind) or parameter.default or "")

    def _serves(self, engine: Engine, model: str) -> bool:
        """Whether a drawn engine will do for one that it was not drawn for: a store always, or one with that model.

        One that nobody was drawn to is there for those that need it, whatever it serves.
        """
        used = any(engine.name in self._pipeline.engines_of(s) for s in self._pipeline.services)
        return not model or not used or bool(engine.url) or self.model_of(engine) == model

    def _free_name(self, kind: str, user: str, *, private: bool) -> str:
        taken = {*self._pipeline.services, *self._pipeline.engines, *self.engines}
        names = [*([] if private else [kind]), f"{user}-{kind}", *(f"{user}-{kind}-{i}" for i in range(2, 99))]
        return next(name for name in names if name not in taken)


def _by_kind(engines: Iterable[Engine]) -> dict[str, list[Engine]]:
    found: dict[str, list[Engine]] = {}
    for engine in sorted(engines, key=lambda e: e.name):
        found.setdefault(engine.kind, []).append(engine)
    return found
