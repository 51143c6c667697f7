"""Fuzz every reader: mutated files in, and only errors of opea_nb out, in bounded time and memory.

    python -m tests.conformance.fuzz --count 100000 --seed 1 --jobs 2

A mutation flips, cuts, repeats or splices bytes, or changes the structure of the parsed YAML or JSON, or of Python's
syntax tree. Every format has the same share, however many samples there are of it. Each input is read by the reader of
its own format, one in five by another's, and one in ten as a text whose format has to be found out. A failing input is
printed with the seed that makes it again; the same files must be there, so upstream's must be at hand, or not, as then.
"""

from __future__ import annotations

import argparse
import ast
import copy
import itertools
import json
import multiprocessing
import random
import re
import resource
import signal
import sys
import time
import tracemalloc
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import yaml

from opea_nb.errors import OpeaError
from opea_nb.formats import registry
from tests.conformance.files import sources

SECONDS = 10.0
"""The longest that one input may take; a slow, loaded machine included."""
MEMORY = 256 << 20
"""The most memory, in bytes, that reading one input may take on top of what was there."""
ADDRESS_SPACE = 4 << 30
_PLACES = 20_000
_SAMPLE = 50  # one in so many inputs is read under tracemalloc, which is slow

_WORDS = (
    "", "a", "null", "~", "true", "yes", "-1", "0", "1e999", "1e3", "0o17", "1:30:00", "2024-01-01", "NaN", "[]", "{}",
    "&a", "*a", "<<", "!!python/object/apply:os.system", "!!binary x", "\x00", "\ud800", "\ufeff", "\u202e", "😀", "$",
    "${", "${A:-${B}}", "$$", "%", "../../etc/passwd", "http://[", "http://x:99999/", "redis://u:p@h:1", "://", "a>>b",
    "a >> (b, c) >> a", ">>", "a\nb", "---", "...", "\t", "'", '"', "#", "main", "root", "self", "__class__", "when",
    "opea_service@llm_tgi", "{{embedding_0.data.instance}}", "$response", "a==b", "9" * 400, "x" * 5000, "é" * 300,
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1 << 80,
    1.5,
    float("inf"),
    float("nan"),
    [],
    {},
    [[]],
    [None],
    {"": ""},
    *_WORDS,
)


@dataclass(slots=True)
class Outcome:
    """What a run of so many inputs gave."""

    read: int = 0
    refused: int = 0
    slowest: float = 0.0
    peak: int = 0
    by_format: Counter[str] = field(default_factory=Counter)
    read_of: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        self.read += other.read
        self.refused += other.refused
        self.slowest = max(self.slowest, other.slowest)
        self.peak = max(self.peak, other.peak)
        self.by_format += other.by_format
        self.read_of += other.read_of
        self.failures += other.failures


class TooSlow(BaseException):
    """One input took longer than it may. No `Exception`, so that no reader takes it for its own."""


def run(count: int, seed: int) -> Outcome:
    """Read that many mutated inputs; the same seed gives the same ones."""
    corpus = _corpus()
    outcome = Outcome()
    before = signal.signal(signal.SIGALRM, _stop)
    try:
        for index in range(count):
            chosen, mutant = _input(corpus, seed, index)
            outcome.by_format[chosen or "found out"] += 1
            fault = _read(mutant, chosen, outcome, traced=index % _SAMPLE == 0)
            if fault:
                outcome.failures.append(f"{fault} (format {chosen or '?'}, --seed {seed} --only {index})")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return outcome


def _corpus() -> dict[str, list[bytes]]:
    """Format -> the texts that there are of it."""
    corpus: dict[str, list[bytes]] = {}
    for name, path in sources():
        corpus.setdefault(name, []).append(path.read_bytes())
    return corpus


def _input(corpus: dict[str, list[bytes]], seed: int, index: int) -> tuple[str, bytes]:
    """The format to read an input as (empty when it has to be found out), and the input."""
    random_ = random.Random(f"{seed}/{index}")
    name = random_.choice(sorted(corpus))
    mutant = mutated(random_.choice(corpus[name]), [text for texts in corpus.values() for text in texts], random_)
    if random_.random() < 0.2:
        name = random_.choice([n for n in registry.names() if registry.find(n).read is not None])
    return "" if random_.random() < 0.1 else name, mutant


def mutated(text: bytes, others: list[bytes], random_: random.Random) -> bytes:
    """One to four mutations of a text."""
    for _ in range(random_.choice((1, 1, 1, 2, 4))):
        text = random_.choice((_structure, _structure, _flip, _cut, _splice, _repeat, _word, _line))(
            text, others, random_
        )
    return text[: 3 << 20]


def _read(text: bytes, name: str, outcome: Outcome, *, traced: bool) -> str:
    """What was wrong, or nothing."""
    begin = time.perf_counter()
    if traced:
        tracemalloc.start()
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        imported = registry.read(text, name, source="fuzz")
        signal.setitimer(signal.ITIMER_REAL, 0)
        outcome.read += 1
        outcome.read_of[name or "found out"] += 1
        imported.pipeline.problems()
        if not all(isinstance(n.item, str) and isinstance(n.reason, str) for n in imported.notes):
            return "a note that is no text"
        if not all(isinstance(f.message, str) and f.line > 0 for f in imported.faults):
            return "a fault without a place"
    except OpeaError as error:
        signal.setitimer(signal.ITIMER_REAL, 0)
        outcome.refused += 1
        if len(str(error)) > 20_000:
            return f"a message of {len(str(error))} characters"
    except TooSlow:
        return f"over {SECONDS:g} s for {len(text)} bytes"
    except (Exception, RecursionError) as error:
        import traceback

        signal.setitimer(signal.ITIMER_REAL, 0)
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__}: {str(error)[:200]} at {Path(last.filename).name}:{last.lineno}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        if traced:
            outcome.peak = max(outcome.peak, tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        else:
            outcome.slowest = max(outcome.slowest, time.perf_counter() - begin)
    return f"{outcome.peak} bytes of memory" if outcome.peak > MEMORY else ""


def _stop(signum: int, frame: FrameType | None) -> NoReturn:
    raise TooSlow


# --- mutations ------------------------------------------------------------------------------------------------------


def _flip(text: bytes, others: list[bytes], random_: random.Random) -> bytes:
    made = bytearray(text)
    for _ in range(random_.randint(1, 8)):
        if made:
            made[random_.randrange(len(made))] = random_.randrange(256)
    return bytes(made)


def _cut(text: bytes, others: list[bytes], random_: random.Random) -> bytes:
    start, end = sorted(random_.randrange(len(text) + 1) for _ in range(2))
    return random_.choice((text[:start], text[start:], text[:start] + text[end:]))


def _splice(text: bytes, others: list[bytes], random_: random.Random) -> bytes:
    other = random_.choice(others)
    start, end = sorted(random_.randrange(len(other) + 1) for _ in range(2))
    at = random_.randrange(len(text) + 1)
    return text[:at] + other[start : min(end, start + 4000)] + text[at + random_.choice((0, 1, 100)) :]


def _repeat(text: bytes, others: list[bytes], random_: random.Random) -> bytes:
    start = random_.randrange(len(text) + 1)
    piece = text[start : start + random_.choice((1, 2, 10, 200))]
    return text[:start] + piece * random_.choice((2, 10, 300)) + text[start:]


def _word(text: bytes, others: list[bytes], random_: random.Random) -> bytes:
    at = random_.randrange(len(text) + 1)
    word = random_.choice(_WORDS).encode("utf-8", "surrogatepass")
    return text[:at] + word + text[at + random_.choice((0, len(word), 20)) :]


def _line(text: bytes, others: list[bytes], random_: random.Random) -> bytes:
    lines = text.split(b"\n")
    at = random_.randrange(len(lines))
    line = lines[at]
    key, colon, _ = line.partition(b":")
    changed = key + colon + b" " + random_.choice(_WORDS).encode("utf-8", "surrogatepass") if colon else b""
    to = random_.randrange(len(lines))
    lines[at] = random_.choice((lines[to], changed, b"  " + line, line.strip(), line + b"\n" + line))
    return b"\n".join(lines)


def _structure(text: bytes, others: list[bytes], random_: random.Random) -> bytes:
    """Change the data, and write it again."""
    if re.search(rb"^(from|import) ", text, re.MULTILINE):
        return _syntax(text, others, random_)
    try:
        is_json = text.lstrip()[:1] == b"{"
        data = json.loads(text) if is_json else yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (ValueError, yaml.YAMLError, RecursionError, TypeError, KeyError, IndexError, AttributeError, OverflowError):
        return _line(text, others, random_)
    if not isinstance(data, dict | list):
        return _line(text, others, random_)
    try:
        for _ in range(random_.randint(1, 5)):
            _change(data, random_)
        written = (
            json.dumps(data, ensure_ascii=False, allow_nan=True)
            if is_json
            else yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
        )
    except (ValueError, TypeError, yaml.YAMLError, RecursionError):
        return _line(text, others, random_)
    return written.encode("utf-8", "surrogatepass")


def _syntax(text: bytes, others: list[bytes], random_: random.Random) -> bytes:
    """Change Python's syntax tree, and write it again."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
        for _ in range(random_.randint(1, 5)):
            _graft(tree, random_)
        return ast.unparse(tree).encode("utf-8", "surrogatepass")
    except (SyntaxError, ValueError, TypeError, AttributeError, RecursionError, MemoryError):
        return _line(text, others, random_)


def _graft(tree: ast.Module, random_: random.Random) -> None:
    """Put a constant, or a part from elsewhere, in the place of a statement, an argument or another expression."""
    places: list[tuple[ast.AST, str, int]] = []
    parts: dict[bool, list[ast.AST]] = {True: [], False: []}
    for node in ast.walk(tree):
        for name, value in ast.iter_fields(node):
            for index, part in enumerate(value if isinstance(value, list) else [value]):
                if isinstance(part, ast.stmt | ast.expr):
                    places.append((node, name, index if isinstance(value, list) else -1))
                    parts[isinstance(part, ast.stmt)].append(part)
    if not places:
        return
    node, name, index = random_.choice(places)
    box = getattr(node, name)
    old = box[index] if index >= 0 else box
    if index >= 0 and isinstance(old, ast.stmt) and random_.random() < 0.3:
        box.insert(index, box[random_.randrange(len(box))])
        return
    constant = ast.Constant(random_.choice([v for v in _VALUES if v is None or isinstance(v, str | int | float)]))
    elsewhere = copy.deepcopy(random_.choice(parts[isinstance(old, ast.stmt)]))
    new = elsewhere if isinstance(old, ast.stmt) or random_.random() < 0.5 else constant
    if index >= 0:
        box[index] = new
    else:
        setattr(node, name, new)


def _change(data: Any, random_: random.Random) -> None:
    places = list(itertools.islice(_places(data), _PLACES))  # aliases may make it endless
    if not places:
        return
    box, key = random_.choice(places)
    action = random_.randrange(7)
    if action == 0:
        del box[key]
    elif action == 1:
        box[key] = random_.choice(_VALUES)
    elif action == 2:
        box[key] = [box[key]]
    elif action == 3:
        box[key] = {random_.choice(_WORDS): box[key]}
    elif action == 4 and isinstance(box, dict):
        box[random_.choice((*_WORDS, 5, None, True, 1.5))] = box.pop(key)
    elif action == 5:  # a value from elsewhere, copied so that nothing holds itself
        other_box, other_key = random_.choice(places)
        try:
            box[key] = json.loads(json.dumps(other_box[other_key], default=str))
        except (KeyError, IndexError, ValueError, TypeError, RecursionError):
            box[key] = None
    elif isinstance(box, list):
        box += (
            [box[key]] * random_.choice((1, 2, 50))
            if not isinstance(box[key], dict | list)
            else [json.loads(json.dumps(box[key], default=str, skipkeys=True))]
        )
    else:
        value = box[key]
        for number in range(random_.choice((1, 30))):
            box[f"{key}_{number}"] = (
                value
                if not isinstance(value, dict | list)
                else json.loads(json.dumps(value, default=str, skipkeys=True))
            )


def _places(data: Any) -> Iterator[tuple[Any, Any]]:
    stack = [data]
    while stack:
        box = stack.pop()
        for key, value in list(box.items()) if isinstance(box, dict) else list(enumerate(box)):
            yield box, key
            if isinstance(value, dict | list):
                stack.append(value)


# --- as a script ----------------------------------------------------------------------------------------------------


def _job(order: tuple[int, int]) -> Outcome:
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    for name, texts in _corpus().items():
        registry.read(texts[0], name)  # what is loaded once is no input's time and memory
    count, seed = order
    return run(count, seed)


def _only(seed: int, index: int, show: Callable[[str], None]) -> None:
    chosen, mutant = _input(_corpus(), seed, index)
    Path("fuzz-input").write_bytes(mutant)
    show(f"format {chosen or 'found out'}; {len(mutant)} bytes in fuzz-input")
    registry.read(mutant, chosen, source="fuzz")


def main() -> int:
    """Run it; 1 when an input got the better of a reader."""
    parser = argparse.ArgumentParser(description="Fuzz every reader.")
    parser.add_argument("--count", type=int, default=100_000, help="inputs in all")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same inputs")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--only", type=int, default=-1, help="read that input of the seed only, and show its traceback")
    given = parser.parse_args()
    if given.only >= 0:
        _only(given.seed, given.only, print)
        return 0
    begin = time.perf_counter()
    piece = 1000
    orders = [(min(piece, given.count - i), given.seed * 1_000_003 + i) for i in range(0, given.count, piece)]
    total = Outcome()
    with multiprocessing.get_context("spawn").Pool(given.jobs) as pool:
        for outcome in pool.imap_unordered(_job, orders):
            total.add(outcome)
    for failure in total.failures[:50]:
        print(failure)
    print(
        f"{total.read + total.refused + len(total.failures)} inputs in {time.perf_counter() - begin:.0f} s: "
        f"{total.read} read, {total.refused} refused, {len(total.failures)} failures; slowest {total.slowest:.2f} s, "
        f"most memory of a sampled input {total.peak / (1 << 20):.1f} MiB; inputs read of inputs: "
        + ", ".join(f"{name} {total.read_of[name]} of {count}" for name, count in sorted(total.by_format.items()))
    )
    return bool(total.failures)


if __name__ == "__main__":
    sys.exit(main())
