"""What a deployment needs, decided once: a pure function of pipeline and target."""

from opea_nb.plan.model import GATEWAY, IMAGE, Address, GatewaySettings, Plan, Process, Target, Volume
from opea_nb.plan.planner import plan

__all__ = ["GATEWAY", "IMAGE", "Address", "GatewaySettings", "Plan", "Process", "Target", "Volume", "plan"]
