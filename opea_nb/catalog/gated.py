"""Models whose owners ask for a licence to be accepted: only these are not to be had without a token."""

from __future__ import annotations

import re

TOKEN = "HF_TOKEN"  # noqa: S105  # the name of the variable

# Owners and models of huggingface.co, as OPEA's examples use them; where in doubt a model is here, as a token that is
# asked for in vain costs less than a server that cannot load its model.
_GATED = re.compile(
    r"meta-llama/|mistralai/|google/(gemma|paligemma|codegemma)|allenai/wildguard|bigcode/star|databricks/dbrx"
    r"|stabilityai/stable-(diffusion-3|video)|black-forest-labs/|CohereForAI/|CohereLabs/"
    r"|tiiuae/falcon-180",
    re.IGNORECASE,
)


def is_gated(model: str) -> bool:
    """Whether a model of huggingface.co needs an account that accepted its licence.

    >>> is_gated("meta-llama/Meta-Llama-3-8B-Instruct"), is_gated("BAAI/bge-base-en-v1.5")
    (True, False)
    """
    return bool(_GATED.match(model))
