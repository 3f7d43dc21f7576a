"""Past one process: embedding and matching cut into parts, which workers do on this machine or on a cluster."""

from coverage_kit.parallel.work_plan import WorkPlan, open_work_plan

__all__ = ["WorkPlan", "open_work_plan"]
