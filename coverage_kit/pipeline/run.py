"""Run: what all steps of one run share."""

import time
from dataclasses import dataclass
from pathlib import Path

from coverage_kit.collect.panel import read_panel
from coverage_kit.embed.texts import CachedEncoder
from coverage_kit.llm.costs import Ledger, open_ledger
from coverage_kit.parallel import WorkPlan, open_work_plan
from coverage_kit.pipeline.stage_clock import StageClock
from coverage_kit.settings import Settings
from coverage_kit.storage.cache import ResultCache
from coverage_kit.vectors import Encoder

# Sites of brands that are tracked at most, yours included: no figure can show more lines (assumed).
MAX_TRACKED_SITES = 11
# Where the results and the vectors of earlier runs are in a project's cache.
FOUND = "found"
VECTORS = "vectors.sqlite"


@dataclass(frozen=True)
class Run:
    """One run: its settings, and what every step uses.

    Attributes:
        settings: every setting.
        encoder: turns texts into vectors, and keeps them in the settings' cache.
        has_custom_encoder: whether the caller brought the encoder instead of the settings.
        work_plan: how reading, embedding and matching are computed.
        cache: results of earlier runs of the same inputs.
        clock: times the stages.
        ledger: what the project has cost.
        holdout: ids of the questions from which no edit is drafted: they judge the edits.
    """

    settings: Settings
    encoder: CachedEncoder
    has_custom_encoder: bool
    work_plan: WorkPlan
    cache: ResultCache
    clock: StageClock
    ledger: Ledger
    holdout: frozenset[str]

    @property
    def seed(self) -> int:
        """Seed of every random step."""
        return self.settings.seed


def open_run(settings: Settings, encoder: Encoder | None = None) -> Run:
    """Return a run with its encoder opened.

    Args:
        settings: every setting (`read_settings`).
        encoder: used instead of the encoder that the settings name.

    Raises EncoderError for an encoder that cannot be loaded, SettingsError for a price table that
    cannot be read, and RunError where a backend is not installed.
    """
    # The clock starts before the encoder is loaded, which may take most of the first stage.
    started = time.perf_counter()
    cache = ResultCache(Path(settings.cache) / FOUND)
    ledger = open_ledger(settings)
    holdout = read_holdout(settings)
    work_plan = open_work_plan(settings, encoder)
    cached_encoder = open_encoder(settings, work_plan)
    return Run(
        settings=settings,
        encoder=cached_encoder,
        has_custom_encoder=encoder is not None,
        work_plan=work_plan,
        cache=cache,
        clock=StageClock(cached_encoder, cache, started),
        ledger=ledger,
        holdout=holdout,
    )


def open_encoder(settings: Settings, work_plan: WorkPlan) -> CachedEncoder:
    """Return the encoder of the work plan, with vectors kept in the settings' cache."""
    path = Path(settings.cache) / VECTORS
    return CachedEncoder(work_plan.encoder, path, chunk_texts=work_plan.chunk_texts)


def read_holdout(settings: Settings) -> frozenset[str]:
    """Return the ids of the panel's questions that no edit is drafted from; none without one."""
    if not Path(settings.ask.panel).is_file():
        return frozenset()
    panel = read_panel(settings.ask.panel)
    return frozenset(panel.loc[panel["is_holdout"].astype(bool), "query_id"])
