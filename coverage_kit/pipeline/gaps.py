"""From coverage to gaps: why clusters are not covered, and in which order to work on them."""

import logging
from dataclasses import dataclass

import numpy as np
import pandas as pd

from coverage_kit.match.answer_passages import AnswerPassages, find_answer_passages
from coverage_kit.pipeline.coverage import RunCoverage
from coverage_kit.pipeline.dismissals import collect_dismissals, find_dismissed, set_dismissed
from coverage_kit.pipeline.fetches import find_unfetched
from coverage_kit.pipeline.gap_status import list_asked, track_gaps
from coverage_kit.pipeline.history import read_memory
from coverage_kit.pipeline.inputs import Inputs
from coverage_kit.pipeline.run import Run
from coverage_kit.rank.causes import (
    causes_not_assessed,
    explain_coverage,
    gather_facts,
    lean_on_topics,
    pool_facts,
)
from coverage_kit.rank.drafts import ClaimBook, unsupported_claims
from coverage_kit.rank.gaps import ClusterFacts, nearest_to_clusters, rank_gaps
from coverage_kit.rank.outcomes import LogParties, count_outcomes, outcome_rates
from coverage_kit.rank.subject import names_subject, subject_words
from coverage_kit.tables import EVIDENCE, Coverage, Evidence, Gaps

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunGaps:
    """Gaps of a run.

    Attributes:
        evidence: what coverage is read from, query by query.
        coverage: coverage of each query, with its cause.
        gaps: the clusters in the order of the work.
        claim_book: claims of the answers, and how far your pages support them.
        causes_not_assessed: causes that the log cannot show, each with the reason.
    """

    evidence: Evidence
    coverage: Coverage
    gaps: Gaps
    claim_book: ClaimBook
    causes_not_assessed: dict[str, str]


def find_gaps(run: Run, inputs: Inputs, fitted: RunCoverage) -> RunGaps:
    """Return the clusters with severity, demand and cause, in the order of the work."""
    log = inputs.log
    clusters = fitted.clusters
    cluster_of = clusters.set_index("query_id")["cluster_id"]
    answer_passages = find_answer_passages(
        inputs.claims,
        fitted.vectors.claims.vectors,
        inputs.own_passages,
        fitted.scorer.passage_vectors,
        cluster_of,
    )
    evidence = _add_answer_passages(
        fitted.scorer.table(fitted.subject_similarity), answer_passages, cluster_of
    )
    outcomes = count_outcomes(log.answers, log.citations, inputs.mentions, _list_parties(inputs))
    rates = outcome_rates(outcomes).assign(
        unfetched=find_unfetched(inputs.fetches, log, fitted.coverage, inputs.own_site)
    )
    facts = gather_facts(evidence, fitted.coverage, rates, _name_subject(inputs))
    pooled = pool_facts(facts, log.queries, cluster_of)
    # The same rules name the cause of a query here, and of a cluster in rank_gaps.
    coverage = explain_coverage(fitted.coverage, lean_on_topics(facts, pooled, cluster_of))
    claims = inputs.claims.assign(
        own_similarity=fitted.scorer.claim_support(),
        other_similarity=fitted.competitor_similarity,
    )
    claim_book = ClaimBook(claims, fitted.vectors.claims.vectors)
    nearest = nearest_to_clusters(fitted.matches, log.queries, clusters, inputs.own_site)
    gaps = rank_gaps(
        log.queries,
        coverage,
        fitted.draws,
        clusters,
        fitted.names.clusters,
        ClusterFacts(
            pooled=pooled,
            nearest=nearest.join(unsupported_claims(claim_book, clusters)).assign(
                answer_passage_id=answer_passages.sources,
                pairs_kept=pd.Series(fitted.quality.pairs_kept_by_cluster, dtype=np.float64),
            ),
        ),
        run.seed,
    )
    gaps = follow_gaps(run, inputs, gaps, list_asked(log.queries, clusters, coverage))
    return RunGaps(
        evidence=evidence,
        coverage=coverage,
        gaps=gaps,
        claim_book=claim_book,
        causes_not_assessed=causes_not_assessed(facts),
    )


def _add_answer_passages(
    evidence: Evidence, found: AnswerPassages, cluster_of: "pd.Series[str]"
) -> Evidence:
    """Return the evidence with the passage that says what the topic's answers say, and its lead.

    A question without logged answers has those of its topic.
    """
    topics = cluster_of.reindex(evidence["query_id"])
    leads = found.leads.reindex(topics.index).fillna(topics.map(found.topics["lead"]))
    lead = leads.set_axis(evidence.index)
    sources = topics.map(found.sources).set_axis(evidence.index)
    return EVIDENCE.typed(
        evidence.assign(answer_lead=lead, answer_passage_id=sources.where(lead >= 0))
    )


def _name_subject(inputs: Inputs) -> "pd.Series[bool]":
    """Return by query_id whether the question names your brand, products or subject."""
    queries = inputs.log.queries
    words = subject_words(inputs.own_pages, inputs.own_passages, inputs.brand_names[0])
    return pd.Series(names_subject(list(queries["text"]), words), index=queries["query_id"])


def follow_gaps(run: Run, inputs: Inputs, gaps: Gaps, asked: pd.DataFrame) -> Gaps:
    """Return the gaps with their ids and statuses, the dismissed ones last.

    What the reader should know of dismissed gaps is logged. `asked` holds the questions of the run
    (`list_asked`).
    """
    memory = read_memory(run.settings, inputs.own_site, run.encoder.name)
    tracked = track_gaps(gaps, asked, inputs.own_passages, memory)
    rows = collect_dismissals(run.settings)
    reasons, notes = find_dismissed(tracked, asked, rows)
    for note in notes:
        logger.warning("%s: %s", run.settings.checks.dismissed, note)
    return set_dismissed(tracked, reasons)


def _list_parties(inputs: Inputs) -> LogParties:
    """Return who is who in the log, and whether it shows which answers searched the web."""
    log = inputs.log
    other_sites = frozenset(str(site) for site in inputs.pages["site"].unique())
    has_searches = bool(len(log.citations) or len(log.searches))
    return LogParties(
        inputs.own_site,
        inputs.brand,
        other_sites - {inputs.own_site},
        "has_searched" in log.mapping or has_searches,
    )
