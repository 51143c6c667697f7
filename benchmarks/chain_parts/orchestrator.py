"""opea-comps' ServiceOrchestrator on the same services, without an HTTP front. Runs in its own venv. Prints JSON."""

# ruff: noqa: D103  # one small program, explained above
from __future__ import annotations

import asyncio
import itertools
import json
import logging
import sys
import time

logging.disable(logging.CRITICAL)
real, sys.stdout = sys.stdout, sys.stderr  # the package prints when imported
from comps import MicroService, ServiceOrchestrator, ServiceType  # noqa: E402  # after the logging is off

ports, in_flight, seconds = json.loads(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
times: list[float] = []


def orchestrator() -> ServiceOrchestrator:
    flow = ServiceOrchestrator()
    services = [
        MicroService(
            name=f"s{i}",
            host="127.0.0.1",
            port=port,
            endpoint="/v1/add",
            use_remote_service=True,
            service_type=ServiceType.EMBEDDING,
        )
        for i, port in enumerate(ports)
    ]
    for service in services:
        flow.add(service)
    for one, other in itertools.pairwise(services):
        flow.flow_to(one, other)
    return flow


async def worker(flow: ServiceOrchestrator, end: float) -> None:
    while (began := time.perf_counter()) < end:
        await flow.schedule(initial_inputs={"text": "hello"})
        times.append(time.perf_counter() - began)


async def main() -> None:
    flow = orchestrator()
    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(worker(flow, began + seconds) for _ in range(in_flight)))
    took = time.perf_counter() - began
    cpu_us = (time.process_time() - cpu) / len(times) * 1e6
    print(
        json.dumps({"qps": len(times) / took, "median_ms": sorted(times)[len(times) // 2] * 1e3, "cpu_us": cpu_us}),
        file=real,
    )


asyncio.run(main())
