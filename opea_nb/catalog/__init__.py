"""What can be put in a pipeline: components, their port types, parameters and forms."""

from opea_nb.catalog.catalog import GENERIC, Catalog, load_catalog
from opea_nb.catalog.model import Component, ContainerOptions, Form, Health, Parameter, PortType
from opea_nb.catalog.reading import ACCELERATORS

__all__ = [
    "ACCELERATORS",
    "GENERIC",
    "Catalog",
    "Component",
    "ContainerOptions",
    "Form",
    "Health",
    "Parameter",
    "PortType",
    "load_catalog",
]
