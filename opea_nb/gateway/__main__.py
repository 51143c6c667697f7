"""``python -m opea_nb.gateway``: serve the pipeline that the environment names."""

from __future__ import annotations

import gc
import sys

from opea_nb.errors import OpeaError
from opea_nb.gateway.config import from_environment
from opea_nb.gateway.front import Gateway
from opea_nb.services.serving import run


def main() -> None:
    """Serve until told to end; exit with a message when it cannot start."""
    try:
        gateway = Gateway(from_environment())
    except OpeaError as e:
        sys.exit(f"gateway: {e}")
    gc.freeze()  # what is there now stays: no collection needs to look at it again
    gc.set_threshold(20_000, 20, 50)
    run(gateway, name="gateway")


if __name__ == "__main__":
    main()
