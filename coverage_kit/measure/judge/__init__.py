"""Judges: a language model grades texts by rubrics, and tests show how reliable its grades are."""

from pathlib import Path

from coverage_kit.errors import SettingsError
from coverage_kit.llm.costs import Budget, Prices, read_prices
from coverage_kit.measure.judge.cache import CACHE, ReplyCache
from coverage_kit.measure.judge.model_judge import ModelJudge
from coverage_kit.measure.judge.protocol import Judge
from coverage_kit.settings import JudgeSettings


def open_judge(
    settings: JudgeSettings,
    cache: Path | None = None,
    prices: Prices | None = None,
) -> Judge:
    """Return the model that the settings name as judge, within their budget.

    Args:
        settings: model, endpoint, key's environment variable, samples, budget.
        cache: folder in which its replies are stored; without a folder nothing is stored.
        prices: the price table; by default the shipped table.

    Raises SettingsError where the settings name no model, and where money is limited and the model
    has no price (see `ModelJudge`).
    """
    if not settings.model:
        raise SettingsError(
            "judge.model",
            "the name of a language model, which gives the grades",
            "no model",
            'Set model = "…" under [judge] in coverage.toml, and name that file with --settings.',
        )
    budget = Budget(prices or read_prices(), settings.max_tokens, settings.max_money)
    return ModelJudge(settings, budget, ReplyCache(cache / CACHE) if cache else None)
