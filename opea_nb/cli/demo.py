"""The main job in one go: deploy the embedded ChatQnA, ingest documents, ask, show every step."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from importlib.resources import as_file, files

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from opea_nb.backends import Answer, deploy
from opea_nb.cli.live import Deploying, service_table, show_query
from opea_nb.cli.output import out
from opea_nb.errors import RunError
from opea_nb.pipeline import Pipeline

__all__ = ["QUESTION", "chatqna", "passages", "run_demo"]

QUESTION = "How many kilowatts does the tide mill Old Marrow give at a spring tide?"
"""Its answer stands in one of the sample documents and nowhere else."""


def chatqna(name: str = "demo") -> Pipeline:
    """ChatQnA with data preparation."""
    pipeline = Pipeline(name)
    embedding, retriever = pipeline.add("embedding"), pipeline.add("retriever")
    embedding >> retriever >> pipeline.add("reranking") >> pipeline.add("llm")
    pipeline.add("dataprep")
    return pipeline


def run_demo(console: Console = out) -> dict[str, object]:
    """Do it, show it, and leave nothing behind; gives what was asked, answered and found."""
    pipeline = chatqna()
    _title(console, "The pipeline, as unified YAML")
    console.print(Text(pipeline.to_yaml().rstrip()), soft_wrap=True)

    _title(console, "Deploying it on this machine")
    with Deploying(console) as show:
        app = deploy(pipeline, progress=show)
    try:
        console.print(service_table(app.status()))

        _title(console, "Putting documents in")
        with as_file(files("opea_nb.cli") / "samples") as folder:
            for document in app.ingest(folder):
                console.print(Text(f"{document.name}: {document.size} bytes"))

        _title(console, "Asking")
        console.print(Text(QUESTION, style="bold"))
        answer = show_query(lambda: app.start_query(QUESTION, max_tokens=64, temperature=0), console)

        _title(console, "The passage that the answer stands on")
        found = passages(answer)
        if not found:
            raise RunError("reranking gave no passage", run_id=answer.run_id, hint="opea-nb logs demo reranking")
        console.print(Text(found[0]), soft_wrap=True)
        return {
            "question": QUESTION,
            "answer": answer.text,
            "passages": found,
            "run": answer.run_id,
            "steps": [dataclasses.asdict(s) for s in answer.steps],
            "pipeline": pipeline.to_yaml(),
        }
    finally:
        app.down(volumes=True)


def passages(answer: Answer) -> list[str]:
    """The passages that reranking kept, best first."""
    response = answer.step("reranking").response
    if not isinstance(response, Mapping):
        return []
    found = response.get("reranked_docs") or response.get("documents") or []
    return [str(d.get("text", "")) if isinstance(d, Mapping) else str(d) for d in found]


def _title(console: Console, text: str) -> None:
    console.print(Rule(Text(text), align="left"), width=min(console.width, 100))  # a file has no width of its own
