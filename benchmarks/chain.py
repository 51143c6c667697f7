"""What the gateway costs: a chain of 4 no-op services, against a bare chain of sockets and opea-comps' orchestrator.

    python benchmarks/chain.py [--seconds 4] [--rounds 3] [--tracing] [--setup-comps]

The orchestrator runs alone on core 0, services and load on core 1. Each round measures every contender once, so that
what else the machine does falls on all of them; the table shows the median round.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil

HERE = Path(__file__).resolve().parent
PARTS = HERE / "chain_parts"
COMPS = HERE / ".venv-comps" / "bin" / "python"
Result = dict[str, float]
Run = Callable[[int, float], Result]


def pinned(core: int, *command: str) -> list[str]:
    """The command on one core, where the machine can do that."""
    return ["taskset", "-c", str(core), *command] if os.cpu_count() != 1 and sys.platform == "linux" else [*command]


def printed(core: int, *command: str, timeout: float = 60) -> Any:
    """What a part prints, as JSON; `timeout` is in seconds."""
    done = subprocess.run(pinned(core, *command), capture_output=True, text=True, timeout=timeout, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command[:2])} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def measured(core: int, *command: str) -> Result:
    """What a part measures."""
    result: Result = printed(core, *command)
    return result


@contextlib.contextmanager
def services() -> Iterator[dict[str, int]]:
    """The no-op services' ports."""
    command = pinned(1, sys.executable, str(PARTS / "noop_services.py"))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()


@contextlib.contextmanager
def gateway(folder: Path, document: str, routes: dict[str, str], **env: str) -> Iterator[tuple[int, psutil.Process]]:
    """A gateway: its port and its process."""
    path = folder / f"{env.get('OPEA_NB_RECORD', 'traced')}.yaml"
    path.write_text(document)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = os.environ | {
        "OPEA_NB_PIPELINE": str(path),
        "OPEA_NB_ROUTES": json.dumps(routes),
        "OPEA_NB_PORT": str(port),
        "OPEA_NB_LIFELINE": "1",
        **env,
    }
    command = pinned(0, sys.executable, "-m", "opea_nb.gateway")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as process:
        assert process.stdin is not None
        try:
            for _ in range(200):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                if process.poll() is not None:
                    sys.exit("the gateway ended; run it by hand to see why")
                time.sleep(0.05)
            yield port, psutil.Process(process.pid)
        finally:
            process.stdin.close()


def chain_document() -> str:
    """Four services of no known kind, one after the other."""
    lines = ["opea_micro_services:"]
    for i in range(1, 5):
        lines += [f"  s{i}:", "    host: localhost", f"    ports: {9000 + i}", "    endpoint: /v1/add"]
    lines += ["opea_mega_service:", "  mega_flow:", "    - s1 >> s2 >> s3 >> s4"]
    return "\n".join(lines) + "\n"


def chain_routes(ports: dict[str, int]) -> dict[str, str]:
    """Where those four are."""
    return {f"s{i}": f"http://127.0.0.1:{ports[f's{i}']}/v1/add" for i in range(1, 5)}


def chatqna_document() -> str:
    """ChatQnA, with its adapters."""
    from opea_nb.formats import unified
    from opea_nb.pipeline import Pipeline

    p = Pipeline("chatqna")
    p.add("embedding") >> p.add("retriever") >> p.add("reranking") >> p.add("llm")
    return unified.dumps(p)


def contenders(ports: dict[str, int], folder: Path) -> dict[str, Run]:
    """Name -> function of (in flight, seconds)."""
    chain = [ports[f"s{i}"] for i in range(1, 5)]
    generic = chain_routes(ports)
    chatqna = {
        "embedding": f"http://127.0.0.1:{ports['embedding']}/v1/embeddings",
        "retriever": f"http://127.0.0.1:{ports['retriever']}/v1/retrieval",
        "reranking": f"http://127.0.0.1:{ports['reranking']}/v1/reranking",
        "llm": f"http://127.0.0.1:{ports['llm']}/v1/chat/completions",
    }

    def bare(in_flight: int, seconds: float) -> Result:
        return measured(0, sys.executable, str(PARTS / "bare.py"), json.dumps(chain), str(in_flight), str(seconds))

    def comps(in_flight: int, seconds: float) -> Result:
        return measured(0, str(COMPS), str(PARTS / "orchestrator.py"), json.dumps(chain), str(in_flight), str(seconds))

    def ours(document: str, routes: dict[str, str], path: str, **env: str) -> Run:
        def run(in_flight: int, seconds: float) -> Result:
            token = env.get("OPEA_NB_TOKEN", "")
            with gateway(folder, document, routes, **env) as (port, process):
                return load(port, process, path, in_flight, seconds, token=token)

        return run

    document = chain_document()
    mega = endpoint_of(document)
    found: dict[str, Run] = {"bare asyncio chain, no front": bare}
    if COMPS.exists():
        found["opea-comps 1.5 orchestrator, no front"] = comps
    found["gateway, traced"] = ours(document, generic, mega, OPEA_NB_TOKEN="")
    found["gateway, untraced"] = ours(document, generic, mega, OPEA_NB_TOKEN="", OPEA_NB_RECORD="off")
    found["gateway, traced, with a token"] = ours(document, generic, mega, OPEA_NB_TOKEN="benchmark-token")
    found["gateway, ChatQnA with adapters, traced"] = ours(chatqna_document(), chatqna, "/v1/chatqna", OPEA_NB_TOKEN="")
    return found


def endpoint_of(document: str) -> str:
    """The mega service's path."""
    from opea_nb.formats import unified

    return unified.loads(document).endpoint


def setup_comps() -> None:
    """opea-comps in a virtual environment of its own."""
    subprocess.run([sys.executable, "-m", "venv", str(COMPS.parent.parent)], check=True)
    subprocess.run([str(COMPS), "-m", "pip", "install", "--quiet", "opea-comps==1.5"], check=True)


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each measurement (default 4)")
    parser.add_argument("--rounds", type=int, default=3, help="default 3")
    parser.add_argument("--tracing", action="store_true", help="only what tracing costs")
    parser.add_argument("--setup-comps", action="store_true", help="install opea-comps 1.5 beside this file first")
    options = parser.parse_args()
    if options.setup_comps and not COMPS.exists():
        setup_comps()
    measures: dict[str, list[Measure]] = {}
    with services() as ports, tempfile.TemporaryDirectory() as folder:
        for _ in range(0 if options.tracing else options.rounds):
            for name, run in contenders(ports, Path(folder)).items():
                busy, alone = run(32, options.seconds), run(1, options.seconds / 2)
                measures.setdefault(name, []).append(Measure(busy["qps"], busy["cpu_us"], alone["median_ms"]))
        if measures:
            report(measures)
        tracing(ports, Path(folder), turns=100 * options.rounds)


def tracing(ports: dict[str, int], folder: Path, turns: int) -> None:
    """Print what tracing costs: two gateways take turns of a tenth of a second, so that both meet the same machine."""
    document = chain_document()
    routes = chain_routes(ports)
    with (
        gateway(folder, document, routes) as traced,
        gateway(folder, document, routes, OPEA_NB_RECORD="off") as untraced,
    ):
        addresses = [f"{port}:{process.pid}" for port, process in (traced, untraced)]
        command = [sys.executable, str(PARTS / "turns.py"), endpoint_of(document), "32", str(turns), *addresses]
        with_it, without = printed(1, *command, timeout=turns + 60)
    costs = {
        "CPU time": [one[0] / other[0] - 1 for one, other in zip(with_it, without, strict=True)],
        "throughput": [other[1] / one[1] - 1 for one, other in zip(with_it, without, strict=True)],
    }
    for what, found in costs.items():
        error = 1.25 * statistics.stdev(found) / len(found) ** 0.5  # of a median of normally spread values
        print(
            f"tracing costs {100 * statistics.median(found):+.1f} ± {100 * error:.1f} % of an untraced run, by {what}"
        )


def load(port: int, process: psutil.Process, path: str, in_flight: int, seconds: float, *, token: str = "") -> Result:
    """Queries for some seconds, with the gateway's CPU time for each."""
    part = str(PARTS / "load.py")
    before = process.cpu_times()
    result = measured(1, sys.executable, part, str(port), path, token, str(in_flight), str(seconds))
    after = process.cpu_times()
    used = after.user + after.system - before.user - before.system
    return result | {"cpu_us": used / result["all"] * 1e6}


class Measure(NamedTuple):
    """One round of one contender."""

    rate: float
    cpu: float
    delay: float


def report(measures: dict[str, list[Measure]]) -> None:
    """Print medians, and medians of the ratios within each round."""
    names = list(measures)
    bare, comps = names[0], next((n for n in names if n.startswith("opea-comps")), "")
    head = f"{'':40}{'1 at a time':>12}{'32 in flight':>14}{'/ bare':>8}{'/ comps':>9}"
    print(f"{head}{'CPU a query':>14}{'/ bare':>8}{'/ comps':>9}")

    def ratio(name: str, base: str, field: int) -> str:
        if not base:
            return "-"
        pairs = zip(measures[name], measures[base], strict=True)
        value = statistics.median(a[field] / b[field] for a, b in pairs)
        return f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"

    for name in names:
        rate, cpu, delay = (statistics.median(m[i] for m in measures[name]) for i in range(3))
        line = f"{name:40}{delay:9.2f} ms{rate:10.0f} q/s{ratio(name, bare, 0):>8}{ratio(name, comps, 0):>9}"
        print(f"{line}{cpu:11.0f} us{ratio(name, bare, 1):>8}{ratio(name, comps, 1):>9}")


if __name__ == "__main__":
    main()
