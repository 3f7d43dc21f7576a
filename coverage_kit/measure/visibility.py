"""Visibility of sites in the logged answers: citation rate, share of voice, position-adjusted word count."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from coverage_kit.sentences import split_sentences
from coverage_kit.tables import VISIBILITY, Answers, Citations, Mentions, Visibility, checked

_DRAWS = 200


@checked
def measure_visibility(
    answers: Answers, citations: Citations, mentions: Mentions, brand_sites: Mapping[str, str], seed: int = 0
) -> Visibility:
    """Return one row for each tracked site on each engine (window 'all'); low and high belong to the citation rate.

    - citation_rate = answers that cite the site / answers; its 90% interval is a bootstrap over queries, because the answers
      to one query are not independent.
    - share_of_voice = the brand's mentions / mentions of all tracked brands: it depends on which brands are tracked.
    - position_adjusted_word_count = sum over the sentences that cite the site of words * exp(-position / n_sentences), split
      among a sentence's sources, as a share of all sites' sum (Aggarwal et al. 2024, GEO; missing where no span is logged).

    Args:
        answers: answers of one log.
        citations: their citations.
        mentions: their mentions of tracked brands.
        brand_sites: site name by brand, the tracked ones.
        seed: seed of the bootstrap.
    """
    if answers.empty:
        return VISIBILITY.empty()
    cited = citations[citations["kind"] == "cited"].drop_duplicates(["answer_id", "site"])
    credit = _word_credit(answers, citations)
    rows = []
    for engine, group in answers.groupby("engine", sort=True):
        named = mentions[mentions["answer_id"].isin(group["answer_id"])]
        credited = credit[credit["answer_id"].isin(group["answer_id"])]
        for brand, site in brand_sites.items():
            hits = group["answer_id"].isin(cited.loc[cited["site"] == site, "answer_id"]).to_numpy()
            low, high = _interval(hits, group["query_id"], np.random.default_rng(seed))
            words = _share(credited["site"] == site, credited["words"])
            rows.append(
                {
                    "engine": engine,
                    "site": site,
                    "window": "all",
                    "n_answers": len(group),
                    "citation_rate": float(hits.mean()),
                    "share_of_voice": _share(named["brand"] == brand, pd.Series(1.0, index=named.index)),
                    "position_adjusted_word_count": words if len(credited) else np.nan,
                    "low": low,
                    "high": high,
                }
            )
    return VISIBILITY.table(rows)


def _share(is_ours: "pd.Series[bool]", amount: "pd.Series[float]") -> float:
    """Return our part of the amount; 0 where there is none to share."""
    total = float(amount.sum())
    return float(amount[is_ours].sum()) / total if total else 0.0


def _interval(hits: npt.NDArray[np.bool_], query_ids: "pd.Series[str]", rng: np.random.Generator) -> tuple[float, float]:
    sums = pd.DataFrame({"query": query_ids.to_numpy(), "hits": hits}).groupby("query")["hits"].agg(["sum", "count"])
    counts = rng.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=_DRAWS)
    rates = (counts @ sums["sum"].to_numpy()) / np.maximum(counts @ sums["count"].to_numpy(), 1)
    low, high = np.quantile(rates, [0.05, 0.95])
    return float(min(low, hits.mean())), float(max(high, hits.mean()))


def _word_credit(answers: Answers, citations: Citations) -> pd.DataFrame:
    """Return answer_id, site, words: position-adjusted words of the sentences in which a citation's span ends."""
    spans = citations[(citations["kind"] == "cited") & citations["end"].notna()]
    texts = answers.set_index("answer_id")["text"]
    rows: list[tuple[str, str, float]] = []
    for answer_id, group in spans.groupby("answer_id", sort=True):
        if answer_id in texts.index:
            rows += [(str(answer_id), site, words) for site, words in _credit_of(str(texts[answer_id]), group)]
    return pd.DataFrame(rows, columns=["answer_id", "site", "words"]).astype({"words": "float64"})


def _credit_of(text: str, spans: pd.DataFrame) -> list[tuple[str, float]]:
    sentences = split_sentences(text)
    ends, place = [], 0
    for sentence in sentences:
        place = text.find(sentence, place) + len(sentence)
        ends.append(place)
    sources: dict[int, set[str]] = {}
    for end, site in zip(spans["end"], spans["site"], strict=True):
        number = min(int(np.searchsorted(ends, int(end))), len(ends) - 1)
        sources.setdefault(number, set()).add(str(site))
    return [
        (site, len(sentences[number].split()) * float(np.exp(-number / len(sentences))) / len(sites))
        for number, sites in sources.items()
        for site in sorted(sites)
    ]
