"""Follows the statements of a Python file that make services and the flow between them, without running any."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from opea_nb.errors import FormatError
from opea_nb.formats.comps_python.types import gateway_endpoint
from opea_nb.formats.comps_python.values import Env, Micro, Orchestra, Unknown, dotted, evaluate
from opea_nb.formats.draft import Draft

__all__ = ["Walk"]

_FIELDS = ("name", "service_role", "service_type", "protocol", "host", "port", "api_key", "ssl_keyfile", "ssl_certfile")
_REGISTRY = "opea_microservices"
_STATEMENTS = 20_000
_SERVICES, _EDGES = 1000, 4000
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(slots=True)
class Walk:
    """What a file makes.

    Parameters
    ----------
    draft
        Takes the notes.
    orchestras
        In the order in which they were made.
    megas
        Mega services: what `MicroService` was given.
    routes
        (Endpoint, name of the handler) of each ``add_route``.
    scope
        Names of the module.
    made
        Every service, also one that is added to nothing.
    documents
        YAML files that the file has its flows from.
    """

    draft: Draft
    orchestras: list[Orchestra] = field(default_factory=list)
    megas: list[Micro] = field(default_factory=list)
    routes: list[tuple[str, str]] = field(default_factory=list)
    scope: dict[str, Any] = field(default_factory=dict)
    made: list[Micro] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)
    makers: set[str] = field(default_factory=lambda: {"ServiceOrchestrator"})
    left: int = _STATEMENTS

    def module(self, tree: ast.Module) -> None:
        """All of it: what stands at the top, then each class and function."""
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and any(dotted(b).split(".")[-1] in self.makers for b in node.bases):
                self.makers.add(node.name)
        self.scope[_REGISTRY] = self.registered(tree)
        self.block(tree.body, self.scope)
        calls: dict[str, ast.Call] = {}
        for node in tree.body:
            if not isinstance(node, ast.ClassDef | Function):
                for call in _calls(node):
                    calls.setdefault(dotted(call.func), call)
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                self.class_(node, calls.get(node.name))
            elif isinstance(node, Function) and _builds(node):
                self.builder(node, dict(self.scope))

    def registered(self, tree: ast.Module) -> dict[str, Micro]:
        """The functions that ``@register_microservice(…)`` makes services of, by name."""
        found: dict[str, Micro] = {}
        for node in ast.walk(tree):
            for call in node.decorator_list if isinstance(node, Function) else ():
                if isinstance(call, ast.Call) and dotted(call.func).rpartition(".")[2] == "register_microservice":
                    micro = Micro(self.fields(call, self.scope), call.lineno)
                    if isinstance(name := micro.fields.get("name"), str):
                        found[name] = micro
        return found

    def class_(self, node: ast.ClassDef, made: ast.Call | None) -> None:
        """A class: its constructor with what it is called with, then the methods that build."""
        methods = [m for m in node.body if isinstance(m, Function)]
        scope = dict(self.scope)
        self.block([s for s in node.body if isinstance(s, ast.Assign | ast.AnnAssign)], scope)
        scope |= {f"self.{name}": value for name, value in scope.items() if "." not in name}
        for method in methods:
            if method.name == "__init__":
                local = scope | self.arguments(method, made)
                self.block(method.body, local)
                scope |= {k: v for k, v in local.items() if k.startswith("self.")}
        builders = [m for m in methods if m.name != "__init__" and _builds(m)]
        builders.sort(key=lambda m: m.name != "add_remote_service")
        for method in builders:
            self.builder(method, scope | self.arguments(method, None))
        for method in methods:
            if method not in builders and method.name != "__init__":
                for call in _calls(method):
                    self.serving(call, scope)

    def arguments(self, method: Function, made: ast.Call | None) -> dict[str, Any]:
        """The arguments of a method: those of the call that is known, else their defaults."""
        names = [a.arg for a in method.args.args][1:]
        defaults = method.args.defaults[-len(names) :] if names else []
        found = {n: evaluate(d, self.scope) for n, d in zip(names[len(names) - len(defaults) :], defaults, strict=True)}
        if made is not None:
            found |= {n: evaluate(a, self.scope) for n, a in zip(names, made.args, strict=False)}
            found |= {k.arg: evaluate(k.value, self.scope) for k in made.keywords if k.arg in names and k.arg}
        return found

    def builder(self, method: Function, scope: dict[str, Any]) -> None:
        """A function that builds a flow; another way to build one that is there already is noted."""
        before = {o for o in self.orchestras if o.services}
        touched = [scope.get(dotted(c.func.value)) for c in _calls(method) if isinstance(c.func, ast.Attribute)]
        chained = [scope.get(name) for c in _calls(method) if (name := _chain_start(c))]
        if before & {o for o in (*touched, *chained) if isinstance(o, Orchestra)}:
            reason = "another way to build the same mega service, chosen when the file runs: not taken"
            self.draft.note("lost", method.name, reason, f"{self.draft.source}:{method.lineno}")
            return
        self.block(method.body, scope)

    def block(self, statements: list[ast.stmt], scope: dict[str, Any]) -> None:
        """Statements, one after the other."""
        for statement in statements:
            self.left -= 1
            if self.left < 0:
                return
            self.statement(statement, scope)

    def statement(self, node: ast.stmt, scope: dict[str, Any]) -> None:
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)) if len(names) == len(values):
                for name, value in zip(names, values, strict=True):
                    self.bind(name, self.value(value, scope), scope)
            case ast.Assign(targets=targets, value=value):
                made = self.value(value, scope)
                for target in targets:
                    self.bind(target, made, scope)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                self.bind(target, self.value(value, scope), scope)
            case ast.Expr(value=value):
                self.value(value, scope)
            case ast.If(test=test, body=body, orelse=other):
                self.branch(node, test, body, other, scope)
            case ast.For(target=ast.Name(id=name), iter=several, body=body):
                items = evaluate(several, scope)
                if not isinstance(items, list) and _builds(node):
                    self.note("a loop over what only running the file tells: not taken", node)
                for item in items[:100] if isinstance(items, list) else ():
                    scope[name] = item
                    self.block(body, scope)
            case ast.With(body=body) | ast.AsyncWith(body=body) | ast.Try(body=body):
                self.block(body, scope)
            case ast.While() | ast.For():
                if _builds(node):
                    self.note("a loop that only running the file would tell: not taken", node)
            case ast.Return(value=value) if value is not None:
                self.value(value, scope)

    def branch(
        self, node: ast.If, test: ast.expr, body: list[ast.stmt], other: list[ast.stmt], scope: dict[str, Any]
    ) -> None:
        """A condition: the first branch is followed, the other one noted."""
        value = evaluate(test, scope)
        if isinstance(value, bool):
            self.block(body if value else other, scope)
            return
        main = isinstance(test, ast.Compare) and dotted(test.left) == "__name__"
        building = [part for part in (body, other) if any(_builds(s) for s in part)]
        if building and not main:
            taken = "the first branch" if building[0] is body else "the other branch"
            self.note(f"a condition that is decided when the file runs: {taken} is taken", node, kind="inferred")
        for part in building[:1] or [body]:
            self.block(part, scope)

    def bind(self, target: ast.expr, value: Any, scope: dict[str, Any]) -> None:
        name = dotted(target)
        if not name:
            return
        scope[name] = value
        if isinstance(value, Orchestra) and not value.attribute:
            value.attribute = name.rpartition(".")[2]

    def value(self, node: ast.expr, scope: dict[str, Any], depth: int = 200) -> Any:
        """The value of an expression, which may make services, or add and connect them."""
        if not isinstance(node, ast.Call) or not depth:
            if isinstance(node, ast.List | ast.Tuple):
                return [self.value(item, scope, depth - 1) for item in node.elts[:1000]]
            return evaluate(node, scope)
        name = dotted(node.func)
        last = name.rpartition(".")[2]
        if last == "MicroService":
            return self.micro(node, scope)
        if last in self.makers:
            made = Orchestra(fields={k.arg: evaluate(k.value, scope) for k in node.keywords if k.arg})
            self.orchestras.append(made)
            return made
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("add", "flow_to"):
            return self.change(node, node.func, scope, depth)
        if last == "ServiceOrchestratorWithYaml":
            given = [evaluate(a, scope) for a in (*node.args, *(k.value for k in node.keywords))]
            self.documents += [g for g in given if isinstance(g, str)]
        elif isinstance(node.func, ast.Attribute) and node.func.attr == "__init__":
            for argument in node.keywords:  # of the class that it is made from
                if argument.arg is not None:
                    target = ast.Attribute(ast.Name("self"), argument.arg)
                    self.bind(target, self.value(argument.value, scope, depth - 1), scope)
        elif last.endswith("Gateway"):
            fields = {k.arg: evaluate(k.value, scope) for k in node.keywords if k.arg in ("host", "port")}
            self.megas.append(Micro(fields | {"endpoint": gateway_endpoint(last)}, node.lineno))
        self.serving(node, scope)
        return evaluate(node, scope)

    def change(self, node: ast.Call, function: ast.Attribute, scope: dict[str, Any], depth: int) -> Any:
        """``.add(a)`` and ``.flow_to(a, b)``; gives the orchestrator, so that calls can be chained."""
        owner = self.value(function.value, scope, depth - 1)
        if not isinstance(owner, Orchestra):
            return evaluate(node, scope)
        given = [self.value(a, scope, depth - 1) for a in [*node.args, *(k.value for k in node.keywords)]]
        services = [g for g in given if isinstance(g, Micro)]
        if len(owner.services) > _SERVICES or len(owner.edges) > _EDGES:
            message = f"more than {_SERVICES} services or {_EDGES} edges"
            raise FormatError(message, source=self.draft.source, line=node.lineno, hint="is it the right file?")
        if len(services) != (1 if function.attr == "add" else 2) or len(services) != len(given):
            self.note(f"`{ast.unparse(node)[:80]}` names what only running the file tells: not taken", node)
        elif function.attr == "add":
            if services[0] not in owner.services:
                owner.services.append(services[0])
        else:
            owner.edges.append((services[0], services[1], node.lineno))
            owner.services += [s for s in services if s not in owner.services]
        return owner

    def micro(self, node: ast.Call, scope: dict[str, Any]) -> Any:
        """A ``MicroService(…)``; a mega service's is kept apart."""
        made = Micro(self.fields(node, scope), node.lineno)
        if made.fields.get("service_role") == "MEGASERVICE":
            self.megas.append(made)
            return Unknown()
        self.made.append(made)
        return made

    def fields(self, node: ast.Call, scope: dict[str, Any]) -> dict[str, Any]:
        """What a service is made with."""
        fields = {name: evaluate(a, scope) for name, a in zip(_FIELDS, node.args, strict=False)}
        for argument in node.keywords:
            if argument.arg is None:
                self.note("arguments of a dictionary are not read", node)
            elif argument.arg in ("service_role", "service_type"):
                fields[argument.arg] = dotted(argument.value).rpartition(".")[2]
            else:
                fields[argument.arg] = evaluate(argument.value, scope)
        return fields

    def serving(self, node: ast.Call, scope: dict[str, Any]) -> None:
        """How the mega service is served."""
        last = dotted(node.func).rpartition(".")[2]
        if last == "MicroService":
            self.micro(node, scope)
        elif last == "add_route" and len(node.args) > 1:
            endpoint = evaluate(node.args[0], scope)
            endpoint = endpoint.default if isinstance(endpoint, Env) else endpoint
            if isinstance(endpoint, str):
                self.routes.append((endpoint, dotted(node.args[1]).rpartition(".")[2]))

    def note(self, reason: str, node: ast.stmt | ast.expr, *, kind: str = "lost") -> None:
        where = f"{self.draft.source}:{node.lineno}:{node.col_offset + 1}"
        self.draft.note("inferred" if kind == "inferred" else "lost", f"line {node.lineno}", reason, where)


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    return (n for n in ast.walk(node) if isinstance(n, ast.Call))


def _builds(node: ast.AST) -> bool:
    """Whether it makes or connects services (a mega service's own does not count)."""
    for call in _calls(node):
        last = call.func.attr if isinstance(call.func, ast.Attribute) else dotted(call.func)
        mega = any(dotted(k.value).endswith("MEGASERVICE") for k in call.keywords)
        if (last == "MicroService" and not mega) or last == "flow_to":
            return True
    return False


def _chain_start(call: ast.Call) -> str:
    """The name at the left of ``a.add(…).add(…)``."""
    node: ast.expr = call
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        node = node.func.value
    return dotted(node)
