"""The domain: a pipeline of services as one networkx graph, changed by edits that can be undone."""

from opea_nb.pipeline.board import Group, Note
from opea_nb.pipeline.handles import EngineHandle, ServiceHandle
from opea_nb.pipeline.pipeline import Pipeline
from opea_nb.pipeline.problems import Problem
from opea_nb.pipeline.spec import MAIN, Engine, Flow, MegaService, Service

__all__ = [
    "MAIN",
    "Engine",
    "EngineHandle",
    "Flow",
    "Group",
    "MegaService",
    "Note",
    "Pipeline",
    "Problem",
    "Service",
    "ServiceHandle",
]
