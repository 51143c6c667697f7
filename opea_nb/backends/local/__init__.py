"""The local backend: services and gateway as child processes on free loopback ports."""

from opea_nb.backends.local.backend import LocalBackend
from opea_nb.backends.local.deployment import LocalDeployment
from opea_nb.backends.local.orders import Restarts

__all__ = ["LocalBackend", "LocalDeployment", "Restarts"]
