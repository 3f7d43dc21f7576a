"""StageClock: what each stage of a run took, made and reused."""

import logging
import resource
import sys
import time
from dataclasses import dataclass, field

from coverage_kit.embed.texts import CachedEncoder
from coverage_kit.storage.cache import ResultCache
from coverage_kit.tables import STAGES, Stages
from coverage_kit.usage import Spent

# getrusage counts the peak of memory in bytes on macOS and in KiB on Linux.
_PEAK_UNITS_A_MEGABYTE = 2**20 if sys.platform == "darwin" else 2**10

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Counts:
    """What was counted up to a moment: seconds, vectors made and reused, results reused."""

    seconds: float = 0.0
    n_embedded: int = 0
    n_reused: int = 0
    n_results: int = 0


@dataclass
class StageClock:
    """Times the stages of one run; a stage begins where the one before it ended.

    Attributes:
        encoder: the run's encoder, which counts the vectors that it makes and reuses.
        cache: results of earlier runs; it lists those that were reused.
        rows: one row for each finished stage.
    """

    encoder: CachedEncoder
    cache: ResultCache
    started: float = field(default_factory=time.perf_counter)
    rows: list[dict[str, object]] = field(default_factory=list)
    _last: _Counts = field(default_factory=_Counts)

    def finish(self, stage: str) -> None:
        """Record the stage that ends now: seconds, peak memory, vectors and results."""
        counts = self._count()
        reused = ", ".join(self.cache.reused[self._last.n_results :])
        seconds = counts.seconds - self._last.seconds
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        self.rows.append(
            {
                "stage": stage,
                "seconds": seconds,
                "peak_megabytes": peak / _PEAK_UNITS_A_MEGABYTE,
                "n_embedded": counts.n_embedded - self._last.n_embedded,
                "n_reused": counts.n_reused - self._last.n_reused,
                "reused": reused or None,
            }
        )
        self._last = counts
        logger.info("%s: %.1f s%s", stage, seconds, f" (unchanged: {reused})" if reused else "")

    @property
    def spent(self) -> Spent:
        """Texts embedded and reused so far, and the seconds of embedding; no tokens are counted."""
        seconds = sum(float(str(row["seconds"])) for row in self.rows if row["stage"] == "embed")
        counts = self._count()
        return Spent(n_calls=counts.n_embedded, n_reused=counts.n_reused, seconds=seconds)

    def table(self) -> Stages:
        """Return one row for each stage."""
        return STAGES.table(self.rows)

    def _count(self) -> _Counts:
        return _Counts(
            seconds=time.perf_counter() - self.started,
            n_embedded=self.encoder.n_embedded,
            n_reused=self.encoder.n_reused,
            n_results=len(self.cache.reused),
        )
