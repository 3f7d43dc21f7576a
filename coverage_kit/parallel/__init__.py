"""Reading, embedding and matching cut into parts, for workers on this machine or on a cluster."""

from coverage_kit.parallel.work_plan import WorkPlan, open_work_plan

__all__ = ["WorkPlan", "open_work_plan"]
