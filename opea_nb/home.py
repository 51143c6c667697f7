"""The folder that models, stores and deployments are kept in."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """The folder of opea_nb's own files: ``$OPEA_NB_HOME``, or the platform's folder for user data.

    It is read at each call, so that a test or a notebook can set the variable first.
    """
    override = os.environ.get("OPEA_NB_HOME", "")
    if override:
        return Path(override).expanduser().absolute()
    import platformdirs  # a second import of it costs nothing; `import opea_nb` need not pay the first

    return Path(platformdirs.user_data_dir("opea_nb"))
