"""Judges: texts graded by rubrics, by a model or without one, and how far such grades can be trusted."""

from pathlib import Path

from coverage_kit.llm.costs import Budget, Prices, read_prices
from coverage_kit.measure.judge.cache import CACHE, ReplyCache
from coverage_kit.measure.judge.model_judge import ModelJudge
from coverage_kit.measure.judge.plain_judge import PlainJudge
from coverage_kit.measure.judge.protocol import Judge
from coverage_kit.measure.support import Similarity
from coverage_kit.settings import JudgeSettings


def open_judge(
    settings: JudgeSettings,
    cache: Path | None = None,
    prices: Prices | None = None,
    similarity: Similarity | None = None,
) -> Judge:
    """Return the model that the settings name as judge, within their budget, or the judge without a model.

    Args:
        settings: model, endpoint, key's environment variable, samples, budget.
        cache: folder in which its replies are kept; without one nothing is kept.
        prices: the price table; the shipped one where none is given.
        similarity: for the judge without a model, cosines of a text with others; without it words
            alone count.

    Raises SettingsError where money is limited and the model has no price (see `ModelJudge`).
    """
    if not settings.model:
        return PlainJudge(similarity)
    budget = Budget(prices or read_prices(), settings.max_tokens, settings.max_money)
    return ModelJudge(settings, budget, ReplyCache(cache / CACHE) if cache else None)
