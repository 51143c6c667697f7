"""Documents that the user adds while something else goes on with them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from opea_nb.backends import loop
from opea_nb.notebook.builder.feeding import Feeding
from opea_nb.notebook.builder.light import Light
from opea_nb.notebook.builder.session import Session
from opea_nb.pipeline import Pipeline
from tests.notebook.builder.panels import words


class Store:
    """Documents of a deployment, listed only once that is let through."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.listed, self.taken = asyncio.Event(), asyncio.Event()
        self.fault = fault
        self.stored: list[str] = []

    async def list(self) -> tuple[str, ...]:
        await self.listed.wait()
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault
        return tuple(self.stored)

    async def ingest(self, *paths: Path, on_document: Callable[[Any], None]) -> None:
        await self.taken.wait()
        for path in paths:
            if path.name.endswith(".bad"):
                raise OSError(f"{path.name} cannot be read")
            self.stored.append(path.name)
            on_document(SimpleNamespace(name=path.name))


class Deployed:
    """What `Feeding` asks about the deployment."""

    def __init__(self, store: Store) -> None:
        self.deployed = Pipeline("chat")
        self.deployed.add("dataprep")
        self.deployment = SimpleNamespace(gateway=SimpleNamespace(documents=store))

    def on_change(self, changed: Callable[[], None]) -> None:
        self.changed = changed


def fed_while_listing(store: Store) -> Feeding:
    """A document is given right after Deploy, while the list of those in the store is still on its way."""
    deploying = Deployed(store)
    feeding = Feeding(Session(Pipeline("chat")), Light(), deploying)  # type: ignore[arg-type]  # it says all that is asked
    deploying.changed()
    feeding.feed("tower.txt", b"a tower")

    async def let_through() -> None:
        store.listed.set()
        store.taken.set()

    listing = feeding._job._thread
    loop.submit(let_through()).result(10)
    assert listing is not None
    listing.join(10)  # its end begins the reading
    feeding._job.join(10)
    return feeding


def test_a_document_given_while_the_store_is_listed_goes_in_after_that() -> None:
    store = Store()
    assert "in the store: tower.txt" in words(fed_while_listing(store).widget)


def test_it_goes_in_even_where_the_list_could_not_be_had() -> None:
    store = Store(OSError("no route"))
    assert "in the store: tower.txt" in words(fed_while_listing(store).widget)


def test_a_document_given_while_another_one_fails_goes_in_all_the_same() -> None:
    store = Store()
    store.listed.set()
    deploying = Deployed(store)
    feeding = Feeding(Session(Pipeline("chat")), Light(), deploying)  # type: ignore[arg-type]  # it says all that is asked
    feeding.feed("broken.bad", b"")
    feeding.feed("tower.txt", b"a tower")

    async def let_through() -> None:
        store.taken.set()

    reading = feeding._job._thread
    loop.submit(let_through()).result(10)
    assert reading is not None
    reading.join(10)
    feeding._job.join(10)
    assert "in the store: tower.txt" in words(feeding.widget)
