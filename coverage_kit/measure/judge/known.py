"""Agreement with people as measured on public sets (`python -m benchmarks judge`), for judges whose grades never change."""

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from coverage_kit.measure.judge.trust import TrustFigure

BENCHMARKED = Path(__file__).parent / "benchmarked.toml"


def known_agreement(judge: str, rubric: str) -> TrustFigure | None:
    """Return the share of pairs in people's order that was measured for a judge with a rubric of this key, or None.

    A judge with other vectors than those measured ("plain@1+others") is held to what was measured
    without any.
    """
    told = {one["judge"]: one for one in _read() if one["rubric"] == rubric}
    found = told.get(judge, told.get(judge.partition("+")[0]))
    if found is None:
        return None
    return TrustFigure(
        found["value"],
        found["low"],
        found["high"],
        found["n_items"],
        f"of {found['set']}",
    )


@lru_cache(maxsize=1)
def _read() -> tuple[dict[str, Any], ...]:
    return tuple(tomllib.loads(BENCHMARKED.read_text(encoding="utf-8")).get("agreement", ()))
