"""Design, deploy, query and trace OPEA GenAI pipelines from a Jupyter notebook.

>>> import opea_nb
>>> chatqna = opea_nb.Pipeline("chatqna")
>>> flow = chatqna.add("embedding") >> chatqna.add("retriever") >> chatqna.add("reranking") >> chatqna.add("llm")
>>> print(chatqna.to_yaml().splitlines()[-1].strip())
- embedding >> retriever >> reranking >> llm
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from opea_nb import errors
    from opea_nb.backends import attach, deploy, deployments
    from opea_nb.catalog import load_catalog
    from opea_nb.formats.registry import convert, read
    from opea_nb.formats.unified import load
    from opea_nb.notebook import Builder
    from opea_nb.pipeline import MAIN, Engine, Flow, Pipeline, Service

# Each name is imported when first asked for: `import opea_nb` is fast and needs no web server, model or Jupyter.
_HOMES = {
    "MAIN": "opea_nb.pipeline",
    "Builder": "opea_nb.notebook",
    "Engine": "opea_nb.pipeline",
    "Flow": "opea_nb.pipeline",
    "Pipeline": "opea_nb.pipeline",
    "Service": "opea_nb.pipeline",
    "attach": "opea_nb.backends",
    "convert": "opea_nb.formats.registry",
    "deploy": "opea_nb.backends",
    "deployments": "opea_nb.backends",
    "load": "opea_nb.formats.unified",
    "load_catalog": "opea_nb.catalog",
    "read": "opea_nb.formats.registry",
}

__all__ = [
    "MAIN",
    "Builder",
    "Engine",
    "Flow",
    "Pipeline",
    "Service",
    "attach",
    "convert",
    "deploy",
    "deployments",
    "errors",
    "load",
    "load_catalog",
    "read",
]


def __getattr__(name: str) -> object:
    if name == "errors":
        return importlib.import_module("opea_nb.errors")
    if name not in _HOMES:
        raise AttributeError(f"module 'opea_nb' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if "ipykernel" in sys.modules:  # in a notebook's kernel, deployments and runs show themselves in their cell
    importlib.import_module("opea_nb.notebook").install()
