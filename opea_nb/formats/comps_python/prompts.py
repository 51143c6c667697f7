"""What a language model is asked where no ``chat_template`` is set: the gateway's own words."""

from __future__ import annotations

from importlib.resources import files

import yaml

__all__ = ["SYSTEM", "WITHOUT_DOCUMENTS", "WITH_DOCUMENTS"]

# The gateway's data, not its code: what is asked must be the same, whoever runs the pipeline.
_TEXTS = yaml.safe_load((files("opea_nb") / "gateway" / "data" / "prompts.yaml").read_text("utf-8"))

SYSTEM = str(_TEXTS.get("system", ""))
WITH_DOCUMENTS = str(_TEXTS["with_documents"])
WITHOUT_DOCUMENTS = str(_TEXTS["without_documents"])
