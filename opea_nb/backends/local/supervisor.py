"""The one process that owns a local deployment: it starts, watches and ends the services and the gateway.

    python -m opea_nb.backends.local.supervisor NAME SOCKETS [--lifeline]

SOCKETS is JSON: process name -> number of an inherited, bound socket. With ``--lifeline`` everything ends when stdin
does, which happens however the maker ends, SIGKILL included. Each service holds such a pipe to this process.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys

import httpx

from opea_nb.backends.local.child import Child, Launch
from opea_nb.backends.local.environment import child_environment
from opea_nb.backends.local.orders import load
from opea_nb.backends.local.state import Folder

_GRACE = 5.0  # seconds that a process has to end when asked
_STATUS_INTERVAL = 0.05  # seconds between two writes of the status


async def supervise(folder: Folder, sockets: dict[str, int], *, lifeline: bool) -> None:
    """Run a deployment until it is told to end."""
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the terminal it was started from may close
    abandoned = _watch_stdin(ending) if lifeline else asyncio.Event()

    record = folder.record()
    if record is None:
        sys.exit(f"{folder.path} has no deployment.json")
    orders = load((folder.path / "orders.json").read_text(encoding="utf-8"))
    document = folder.path / "pipeline.yaml"
    changed = asyncio.Event()

    # verify=False: all is plain HTTP on loopback, and loading certificates would only take time
    async with httpx.AsyncClient(trust_env=False, verify=False) as client:  # noqa: S501
        children: dict[str, Child] = {}
        for process in orders.processes:
            fd = sockets[process.name]
            environment = child_environment(process, fd=fd, token=record.token, document=document)
            launch = Launch(process, fd, environment, folder.log(process.name), folder.path)
            children[process.name] = Child(launch, restarts=orders.restarts, client=client, changed=changed.set)

        def write() -> None:
            folder.write_children(os.getpid(), [c.record for c in children.values()])

        async def keep_written() -> None:
            while True:
                await changed.wait()
                changed.clear()
                write()
                await asyncio.sleep(_STATUS_INTERVAL)

        write()
        tasks = [asyncio.create_task(keep_written())]
        for process in orders.processes:
            needs = [children[n] for n in process.needs if n in children]
            tasks.append(asyncio.create_task(children[process.name].supervise(needs)))
        stopping = asyncio.create_task(ending.wait())
        # a supervising task ends only by giving its service up, or by a fault of this program, which must not pass
        await asyncio.wait({stopping, asyncio.create_task(_fault(tasks))}, return_when=asyncio.FIRST_COMPLETED)
        fault = next((t.exception() for t in tasks if t.done() and t.exception() is not None), None)
        # the gateway first: no new query begins while the services go away
        gateways = [children[p.name] for p in orders.processes if p.role == "gateway"]
        await asyncio.gather(*(c.stop(_GRACE) for c in gateways))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*(c.stop(_GRACE) for c in children.values()))
        await asyncio.gather(*tasks, return_exceptions=True)
        write()
        if abandoned.is_set():
            folder.remove()  # nobody is left to do it
        if fault is not None:
            raise fault


async def _fault(tasks: list[asyncio.Task[None]]) -> None:
    done, running = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    if running or any(t.exception() for t in done):
        return
    await asyncio.Event().wait()


def _watch_stdin(ending: asyncio.Event) -> asyncio.Event:
    abandoned = asyncio.Event()

    def read() -> None:
        if not os.read(0, 1024):
            asyncio.get_running_loop().remove_reader(0)
            abandoned.set()
            ending.set()

    asyncio.get_running_loop().add_reader(0, read)
    return abandoned


def main(arguments: list[str]) -> None:
    """Read the command line and supervise."""
    name, sockets, *flags = arguments
    asyncio.run(supervise(Folder(name), json.loads(sockets), lifeline="--lifeline" in flags))


if __name__ == "__main__":
    main(sys.argv[1:])
