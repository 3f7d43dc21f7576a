"""The panel: a fixed set of queries that is put to answer engines in waves.

The answers are stored as a log that `read_log` reads.
"""

from coverage_kit.collect.panel.ask import ask_panel
from coverage_kit.collect.panel.panel import (
    make_panel,
    panel_version,
    read_panel,
    write_panel,
)
from coverage_kit.collect.panel.wave import (
    Wave,
    WaveEstimate,
    describe_estimate,
    describe_wave,
    name_wave,
    price_wave,
    sum_wave,
)

__all__ = [
    "Wave",
    "WaveEstimate",
    "ask_panel",
    "describe_estimate",
    "describe_wave",
    "make_panel",
    "name_wave",
    "panel_version",
    "price_wave",
    "read_panel",
    "sum_wave",
    "write_panel",
]
