"""What is weak on the own pages, and what answers get wrong about the brand. Glue between stages."""

from collections.abc import Sequence

import numpy as np

from coverage_kit.collect.brand_claims import split_brand_claims
from coverage_kit.embed.texts import passage_texts
from coverage_kit.match.model import SiteModel
from coverage_kit.match.neighbors import nearest_rows
from coverage_kit.measure.brand_claims import ClaimJudge, OwnPassage, PlainClaimJudge, judge_brand_claims
from coverage_kit.tables import BrandClaims, LogTables

_NEAR = 12  # own passages that a claim is held against


def find_wrong_claims(
    log: LogTables, names: Sequence[Sequence[str]], model: SiteModel, judge: ClaimJudge | None = None
) -> BrandClaims:
    """Return what the log's answers claim of the own brand, each held against the nearest own passages.

    Args:
        log: the log's tables.
        names: names of each tracked brand, the own one first.
        model: the own site's passages and their vectors.
        judge: who judges; by default words and figures are compared, without a language model.
    """
    claims = split_brand_claims(log.answers, names)
    texts = list(dict.fromkeys(map(str, claims["text"])))
    near = dict(zip(texts, _nearest(texts, model), strict=True)) if texts else {}
    return judge_brand_claims(claims, near, judge or PlainClaimJudge(names[0] if names else ()))


def _nearest(texts: list[str], model: SiteModel) -> list[list[OwnPassage]]:
    """Return for each text the own passages nearest to it, the nearest first."""
    passages = model.scorer.passages
    vectors = model.space.move_passages(model.encoder.encode(texts))
    _, rows = nearest_rows(np.ascontiguousarray(vectors), model.scorer.content, _NEAR)
    own = [OwnPassage(*one) for one in zip(passages["passage_id"], passage_texts(passages), strict=True)]
    return [[own[row] for row in of_text] for of_text in rows]
