"""All that a notebook uses, by one import: `from coverage_kit import notebook as ck`.

A name is loaded when it is first used. Besides the names listed here, `ck` has every public name of
the package, such as `ck.read_site`. The functions below bring several stages together, which a
notebook does by hand.
"""

from dataclasses import replace
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

import coverage_kit

if TYPE_CHECKING:
    from coverage_kit.embed.texts import CachedEncoder
    from coverage_kit.measure.before_after import Treatment
    from coverage_kit.settings import Settings

# Modules, and what notebooks use of them.
_HOMES = {
    "collect.logs": ("describe_mapping",),
    "collect.mentions": ("find_branded",),
    "llm.costs": ("open_ledger", "sum_costs"),
    "measure.judge": ("open_judge",),
    "measure.judge.rubrics": ("pick_rubrics",),
    "pipeline.visibility": ("find_treated", "read_change_log"),
    "report.audit_joined": (
        "describe_checks",
        "describe_claim_rates",
        "describe_findings",
        "describe_wrong_claims",
    ),
    "report.engine_names": ("describe_surfaces", "name_engine", "with_engine_names"),
    "report.figures": (
        "associations_figure",
        "change_figure",
        "checks_figure",
        "claims_figure",
        "fetches_figure",
        "frontier_figure",
        "gaps_figure",
        "holders_figure",
        "referrals_figure",
        "share_of_voice_figure",
        "sites_figure",
        "visibility_over_time_figure",
    ),
    "report.gap_texts": ("describe_lists",),
    "report.joined": (
        "describe_edits",
        "describe_gaps",
        "describe_pages",
        "describe_queries",
        "list_unedited",
    ),
    "report.notebook": (
        "draw_stages",
        "draw_topics",
        "draw_words",
        "open_run",
        "settings_of",
        "show_lead",
        "show_lines",
        "show_table",
        "show_trust",
    ),
    "report.notebook_fetches": ("show_fetches",),
    "report.notebook_tables": (
        "list_about",
        "list_ceded",
        "list_citation_verdicts",
        "list_drifts",
        "list_found_pages",
        "list_moves",
        "list_rates",
        "list_runs",
        "list_tables",
    ),
    "report.visibility_joined": ("describe_referrals", "describe_sources", "describe_verdicts"),
    "report.widgets": ("choose_edits", "explore_gaps", "export_buttons", "show_edit"),
    "tasks.check_questions": ("check_questions", "count_choices"),
    "tasks.judge": ("DEFAULT_RUBRICS", "judge_run", "list_jobs", "price_judging"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        return getattr(coverage_kit, name)
    value = getattr(import_module(f"coverage_kit.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME_OF, *coverage_kit.__all__])


def date_of_change(settings: "Settings") -> date:
    """Return the date of [before_after]; today where there is none."""
    return settings.before_after.changed_at or date.today()


def count_panel(answers: pd.DataFrame, changed_at: date) -> pd.DataFrame:
    """Return how often each engine was asked before and after a day, and which models answered.

    The columns are series, time (before or after), n_prompts, n_answers and models.
    """
    from coverage_kit.report.engine_names import with_engine_names  # noqa: PLC0415 (slow)

    named = with_engine_names(answers.fillna({"surface": "unknown"}), answers)
    is_after = named["asked_at"] >= pd.Timestamp(changed_at, tz="UTC")
    named = named.assign(
        time=is_after.map({False: "before", True: "after"}).astype("str"),
        model=named["model"].fillna("not logged"),
    )
    counts = named.groupby(["series", "time"]).agg(
        n_prompts=("query_id", "nunique"),
        n_answers=("answer_id", "size"),
        models=("model", lambda names: ", ".join(sorted(set(names)))),
    )
    return counts.reset_index().sort_values(["series", "time"], ascending=[True, False])


def judge_change(log: Any, treatment: "Treatment", seed: int) -> pd.DataFrame:
    """Return the verdicts on all changed and on all unchanged pages, with words for a reader.

    Args:
        log: the tables of a log, as `read_change_log` returns them.
        treatment: what was changed, and when.
        seed: seed of the permutations.
    """
    from coverage_kit.measure.before_after import measure_change  # noqa: PLC0415 (slow)
    from coverage_kit.report.engine_names import with_engine_names  # noqa: PLC0415
    from coverage_kit.report.wording import GROUPS  # noqa: PLC0415

    verdicts = measure_change(log.answers, log.citations, log.mentions, treatment, seed)
    pooled = verdicts[verdicts["group"].isin(list(GROUPS))]
    return with_engine_names(pooled, log.answers).assign(
        group_title=pooled["group"].map(GROUPS).astype("str")
    )


def move_earlier(treatment: "Treatment") -> "Treatment":
    """Return the treatment half a window earlier, on a day on which nothing was changed.

    Its window is half as long, so that all answers in it were given before the true change.
    """
    half = treatment.window_days // 2
    return replace(
        treatment, changed_at=treatment.changed_at - timedelta(days=half), window_days=half
    )


def read_sites(settings: "Settings") -> pd.DataFrame:
    """Return the pages of your site and of its competitors, as `read_site` returns them."""
    from coverage_kit.collect.site import read_site  # noqa: PLC0415 (slow)

    sources = [settings.site, *settings.competitors]
    pages = [read_site(source, settings.crawl, settings.cache) for source in sources]
    return pd.concat(pages, ignore_index=True)


def open_cached_encoder(settings: "Settings") -> "CachedEncoder":
    """Return the encoder of the settings, which takes vectors of earlier runs from disk."""
    from coverage_kit.embed.texts import CachedEncoder  # noqa: PLC0415 (slow)
    from coverage_kit.parallel.jobs import open_encoder  # noqa: PLC0415

    return CachedEncoder(open_encoder(settings.match), Path(settings.cache) / "vectors.sqlite")
