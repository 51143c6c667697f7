"""Write ``docs/conformance.md``: what becomes of each file in each format. ``python -m tests.conformance.table``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from opea_nb.formats import registry
from tests.conformance.files import sources, upstream
from tests.conformance.measure import TARGETS, Conversion, Measured, measure

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"

_HEAD = """\
# Conformance

Written by `python -m tests.conformance.table`; a test keeps it current. Files under `upstream/` are OPEA's own, which
are not part of this repository; the others are samples of ours, of the same kinds.

**In** tells what reading noted: *i* things that were inferred, *k* kept without being understood, *l* lost. The other
columns tell what writing that pipeline in a format gives:

- **=** the file is read back as an equal pipeline, by `opea_nb.formats.compare`;
- **✓** it is written, and the format is not one that is read;
- **−3** it is written, with three losses, each told by a note (for a format that is read, what is read back may differ
  in names too, where a format allows fewer);
- **[1]** the format cannot hold it: the reason is below.

A Compose file that is written here carries its pipeline as a file of the gateway's, and that is what is read back: its
**=** says nothing about the services beside it, from which alone the flow can often not be told. The **in** column is
about files that carry none.
"""


def page(measured: Iterable[Measured]) -> str:
    """The page's text."""
    reasons: dict[tuple[str, str], int] = {}
    rows = []
    for m in measured:
        counts = [(sum(n.kind == kind for n in m.notes), kind[0]) for kind in ("inferred", "kept", "lost")]
        noted = " ".join(f"{count} {letter}" for count, letter in counts if count) or "="
        rows.append(f"| {m.title} | {noted} | " + " | ".join(_cell(m.to[t], t, reasons) for t in TARGETS) + " |")
    titles = " | ".join(registry.find(t).name for t in TARGETS)
    lines = [_HEAD, f"| file | in | {titles} |", "|---" * (len(TARGETS) + 2) + "|", *rows, "", "## Why not", ""]
    lines += [f"{number}. **{target}**: {reason}" for (target, reason), number in reasons.items()]
    return "\n".join([*lines, ""])


def _cell(made: Conversion, target: str, reasons: dict[tuple[str, str], int]) -> str:
    if made.refused:
        text = f"{made.refused}. {made.hint[:1].upper()}{made.hint[1:]}.".replace("|", "\\|").replace("\n", " ")
        return f"[{reasons.setdefault((target, text), len(reasons) + 1)}]"
    if made.back == ():
        return "=" if not made.lost else f"= −{made.lost}"
    return f"−{made.lost}" if made.lost else "✓" if made.back is None else "renamed"


def main() -> int:
    """Write the page."""
    if not upstream():
        print("upstream's files are not at hand: set OPEA_NB_SHARED", file=sys.stderr)
        return 1
    PAGE.write_text(page(measure(name, path) for name, path in sources()), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
