"""``python -m opea_nb.cli``."""

from opea_nb.cli import main

main()
