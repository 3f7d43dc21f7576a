"""Past one process: embedding and matching cut into parts, which workers do on this machine or on a cluster."""

from coverage_kit.parallel.spread import Spread, open_spread

__all__ = ["Spread", "open_spread"]
