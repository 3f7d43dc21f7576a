"""The randomised proof on simulated logs of known truth: false verdicts, power, intervals."""

from dataclasses import replace

import numpy as np
import pandas as pd

from coverage_kit.measure.paired import LEVEL, contrast_pairs
from studies.change import World, draw_logs

_HOW_TO_READ = """clear: share of logs with a clear change, of false verdicts where the effect is 0.
holds: share of intervals that hold the effect. smallest: median of the smallest effect that the
pairs could show, where it is defined."""
PAIRS = (4, 6, 8, 12, 20)
EFFECTS = (0.0, 0.1, 0.2, 0.3)


def run_pairs(n_simulations: int = 500, seed: int = 0) -> pd.DataFrame:
    """Print and return how often the comparison of two halves of pairs is clear, by effect.

    Each pair is two clusters of 10 prompts, each asked three times before and after, that drift by
    themselves and were cited alike only on average; 500 logs of each row take some two minutes.
    """
    rows = []
    for n_pairs in PAIRS:
        world = World(n_clusters=2 * n_pairs, n_treated=n_pairs)
        for effect in EFFECTS:
            logs = draw_logs(replace(world, effect=effect), n_simulations, seed + n_pairs)
            found = []
            for number, (is_cited, _) in enumerate(logs):
                rates = is_cited.mean(axis=(1, 3))
                change = rates[:, 1] - rates[:, 0]
                found.append(contrast_pairs(change[:n_pairs] - change[n_pairs:], number))
            smallest = [one.smallest_effect for one in found]
            rows.append(
                {
                    "pairs": n_pairs,
                    "effect": effect,
                    "clear": np.mean([one.p <= LEVEL for one in found]),
                    "holds": np.mean([one.low <= effect <= one.high for one in found]),
                    "level": np.median([one.level for one in found]),
                    "smallest": pd.Series(smallest).median(),
                }
            )
    table = pd.DataFrame(rows)
    print(table.to_string(index=False, float_format="{:.3f}".format))
    print(f"\n{_HOW_TO_READ}")
    return table
