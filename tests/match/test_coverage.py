from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from coverage_kit.contracts import PassageText
from coverage_kit.embed.texts import headings, passage_texts
from coverage_kit.match.clusters import cluster_queries
from coverage_kit.match.coverage import (
    CITATION_ODDS,
    _intercept_margin,
    fit_calibration,
    measure_coverage,
    weigh_citations,
)
from coverage_kit.match.evidence import Claims, EvidenceScorer, EvidenceVectors
from coverage_kit.match.lexicon import Lexicon
from coverage_kit.match.logistic import fit_logistic
from coverage_kit.match.masking import (
    CitedPages,
    MaskingPlan,
    mask_cited_topics,
    mask_pages_and_passages,
    mask_topics,
    number_topics,
)
from coverage_kit.match.model import SiteModel
from coverage_kit.match.neighbors import best_similarity, nearest_passages
from coverage_kit.match.self_test import _auc_interval, expected_calibration_error
from coverage_kit.match.whitening import fit_space
from coverage_kit.vectors import embed_texts

PLAN = MaskingPlan(calibration_rounds=6, bootstraps=20)


@pytest.fixture
def world(passages, queries, encoder):
    content = embed_texts(passages["passage_id"], passage_texts(passages), encoder)
    query_embeddings = embed_texts(queries["query_id"], queries["text"], encoder, "query")
    space = fit_space(content, query_embeddings)
    query_embeddings, content = space.of_queries(query_embeddings), space.of_passages(content)
    own = passages[passages["site"] == "ours"].reset_index(drop=True)
    matches = nearest_passages(query_embeddings, passages, content, "ours")
    own_content = content.select(list(own["passage_id"]))
    rows = np.arange(len(queries), dtype=np.int64)
    claim_embeddings = space.of_passages(
        embed_texts([f"c{r}" for r in rows], [f"It is about {t}" for t in queries["text"]], encoder)
    )
    other_ids = passages.loc[passages["site"] == "theirs", "passage_id"]
    claims = Claims(rows, claim_embeddings, best_similarity(claim_embeddings, content, other_ids))
    titled = space.of_passages(embed_texts(own["passage_id"], headings(own), encoder))
    vectors = EvidenceVectors(queries=query_embeddings, passages=own_content, headings=titled)
    scorer = EvidenceScorer(queries, own, matches, "ours", vectors, claims)
    clusters, _ = cluster_queries(query_embeddings)
    return scorer, clusters, space


def cited(scorer, is_cited):
    """The queries that are cited, each with the page that is nearest."""
    rows = np.flatnonzero(is_cited)
    pages = scorer.passages["page_id"].iloc[scorer.best_rows()[rows]]
    n = len(is_cited)
    reported = np.zeros(n, bool)
    return CitedPages(
        np.asarray(is_cited), np.ones(n, bool), rows, tuple(pages), reported, ~reported
    )


def test_gaps_are_detected_and_the_interval_holds_the_estimate(world, is_gap):
    scorer, clusters, _ = world
    coverage, draws = measure_coverage(
        scorer, fit_calibration(scorer, clusters, cited(scorer, ~is_gap.to_numpy()), PLAN)
    )
    assert roc_auc_score(~is_gap, coverage["coverage"]) > 0.95
    assert (
        (coverage["low"] <= coverage["coverage"]) & (coverage["coverage"] <= coverage["high"])
    ).all()
    assert coverage["coverage"].between(0, 1).all()
    assert draws.shape == (21, len(is_gap))
    assert coverage.loc[~is_gap, "coverage"].mean() - coverage.loc[is_gap, "coverage"].mean() > 0.3


def test_the_share_of_gaps_is_estimated(world, is_gap):
    scorer, clusters, _ = world
    calibration = fit_calibration(scorer, clusters, cited(scorer, ~is_gap.to_numpy()), PLAN)
    assert calibration.unanswered_share[0] == pytest.approx(is_gap.mean(), abs=0.2)


def test_without_citations_the_whole_log_plays(world, is_gap):
    scorer, clusters, _ = world
    calibration = fit_calibration(scorer, clusters, None, PLAN)
    assert not calibration.is_anchored
    coverage, _ = measure_coverage(scorer, calibration)
    assert roc_auc_score(~is_gap, coverage["coverage"]) > 0.9
    assert calibration.self_test is not None
    assert calibration.self_test.low <= calibration.self_test.auc <= calibration.self_test.high


def reported(scorer, is_reported, is_cited=None):
    """What an engine reports to have cited, beside what the log's answers cite."""
    n = len(is_reported)
    known = cited(scorer, np.zeros(n, bool) if is_cited is None else is_cited)
    is_logged = np.zeros(n, bool) if is_cited is None else np.ones(n, bool)
    return replace(known, is_logged=is_logged, is_reported=np.asarray(is_reported))


@pytest.fixture
def few_suffice(monkeypatch):
    """As many known questions as the small world has are enough to anchor a calibration."""
    monkeypatch.setattr("coverage_kit.match.coverage.MIN_CITED", 30)


@pytest.mark.usefixtures("few_suffice")
def test_reported_citations_anchor_the_calibration_where_the_log_has_too_few(world, is_gap):
    scorer, clusters, _ = world
    covered = ~is_gap.to_numpy()
    known = reported(scorer, covered)
    calibration = fit_calibration(scorer, clusters, known, PLAN)
    assert calibration.is_anchored
    assert calibration.unanswered_share[0] == pytest.approx(is_gap.mean(), abs=0.2)
    # Their pages are presumed, so that the self-test counts no more than without citations.
    assert calibration.self_test.certainty == pytest.approx(scorer.reliability.certainty)
    too_few = reported(scorer, covered & (np.cumsum(covered) < 30))
    assert not fit_calibration(scorer, clusters, too_few, PLAN).is_anchored


@pytest.mark.usefixtures("few_suffice")
def test_reported_citations_change_no_calibration_that_the_log_anchors(world, is_gap):
    scorer, clusters, _ = world
    covered = ~is_gap.to_numpy()
    alone = fit_calibration(scorer, clusters, cited(scorer, covered), PLAN)
    beside = fit_calibration(
        scorer, clusters, reported(scorer, np.ones(len(covered), bool), covered), PLAN
    )
    np.testing.assert_array_equal(alone.weights, beside.weights)


def test_a_reported_citation_raises_its_question_and_its_silence_lowers_none(world):
    scorer, _, _ = world
    n = len(scorer.query_ids)
    is_reported = np.arange(n) == 0
    odds = weigh_citations(reported(scorer, is_reported), 0.3)
    assert odds[0] == pytest.approx(CITATION_ODDS)
    assert (odds[1:] == 1).all()
    is_cited = np.arange(n) == 1
    logged = weigh_citations(cited(scorer, is_cited), 0.3)
    both = weigh_citations(reported(scorer, is_reported, is_cited), 0.3)
    np.testing.assert_array_equal(both[1:], logged[1:])
    assert both[0] == pytest.approx(CITATION_ODDS)


def test_a_report_whose_searches_are_far_from_the_site_is_not_believed(world, is_gap, caplog):
    scorer, _, _ = world
    for reported, is_near in ((~is_gap.to_numpy(), True), (is_gap.to_numpy(), False)):
        known = cited(scorer, np.zeros(len(reported), bool))
        known = replace(known, is_reported=reported, is_asked=~reported)
        believed = known.without_far_report(scorer)
        assert believed.is_reported.any() == is_near
        assert ("the engine's report of citations is not used" in caplog.text) != is_near


def test_searches_of_a_report_alone_say_nothing_of_the_share_of_the_log(world, is_gap):
    scorer, clusters, _ = world
    covered = ~is_gap.to_numpy()
    known = cited(scorer, covered)
    # Gaps that nobody asked, as those of a report, would raise the share of gaps.
    unasked = is_gap.to_numpy() & (np.arange(len(covered)) % 2 == 0)
    with_all = fit_calibration(scorer, clusters, known, PLAN)
    without = fit_calibration(scorer, clusters, replace(known, is_asked=~unasked), PLAN)
    assert without.unanswered_share[0] < with_all.unanswered_share[0]


def test_permuted_evidence_says_nothing(world):
    """Negative control: with evidence shuffled between queries, the self-test is a coin toss."""
    scorer, clusters, _ = world
    rng = np.random.default_rng(0)
    features = scorer.features
    scorer.features = lambda hidden=None, added=None: rng.permutation(features(hidden, added))
    calibration = fit_calibration(
        scorer, clusters, None, MaskingPlan(calibration_rounds=12, bootstraps=20)
    )
    assert calibration.self_test.auc == pytest.approx(0.5, abs=0.1)


def test_hiding_takes_the_hidden_away(world):
    scorer, clusters, _ = world
    # of three pages, two clusters that mix topics may hide all
    clusters = clusters.assign(cluster_id=clusters["query_id"].str.split("-").str[1])
    unchanged = scorer.features()
    nearest = scorer.best_rows()
    hide = np.zeros(len(scorer.passages), bool)
    hide[nearest[0]] = True
    hidden = scorer.features(hide)
    own_best = scorer.names.index("own_best")
    touched = nearest == nearest[0]
    assert (hidden[touched, own_best] < unchanged[touched, own_best]).all()
    np.testing.assert_allclose(hidden[~touched, own_best], unchanged[~touched, own_best])
    for labelled in (
        mask_pages_and_passages(scorer, PLAN),
        mask_topics(scorer, number_topics(scorer, clusters), PLAN),
        mask_cited_topics(
            scorer,
            number_topics(scorer, clusters),
            cited(scorer, np.ones(len(nearest), bool)),
            PLAN,
        ),
    ):
        assert 0 < labelled.is_hidden.mean() < 1


def test_the_same_seed_gives_the_same_bytes(world, is_gap):
    scorer, clusters, _ = world
    first, second = (
        fit_calibration(scorer, clusters, cited(scorer, ~is_gap.to_numpy()), PLAN) for _ in range(2)
    )
    np.testing.assert_array_equal(first.weights, second.weights)
    np.testing.assert_array_equal(first.unanswered_share, second.unanswered_share)


def test_few_queries_use_the_calibration_of_public_sites(passages, queries, encoder):
    few = queries.head(1)
    own = passages[passages["page_id"] == "ours/brakes"].head(1)
    content = embed_texts(own["passage_id"], passage_texts(own), encoder)
    query_embeddings = embed_texts(few["query_id"], few["text"], encoder)
    matches = nearest_passages(query_embeddings, own, content, "ours")
    vectors = EvidenceVectors(queries=query_embeddings, passages=content, headings=content)
    scorer = EvidenceScorer(few, own, matches, "ours", vectors)
    clusters, _ = cluster_queries(query_embeddings)
    calibration = fit_calibration(scorer, clusters, None, PLAN)
    assert calibration.self_test is None
    coverage, _ = measure_coverage(scorer, calibration)
    assert coverage["coverage"].between(0, 1).all()
    assert (coverage["high"] > coverage["low"]).all()


def test_lexicon_by_hand():
    lexicon = Lexicon(["brake pads wear", "brake levers"], ["brake pads"])
    idf_pads = np.log(3 / 2) + 1
    idf_brake = np.log(3 / 3) + 1
    expected = [1.0, idf_brake / (idf_pads + idf_brake)]
    np.testing.assert_allclose(lexicon.recall(np.array([[0, 1]])), [expected], rtol=1e-5)
    np.testing.assert_allclose(lexicon.recall_of(["pads for sale"]), [[1 - expected[1]]], rtol=1e-5)


def test_weights_are_never_negative():
    """Evidence that points the wrong way gets weight 0, not a negative weight."""
    rng = np.random.default_rng(1)
    is_visible = np.arange(400) % 2 == 0
    inputs = np.column_stack(
        [
            np.ones(400),
            np.where(is_visible, 1, -1) + rng.normal(size=400),
            np.where(is_visible, -1, 1),
        ]
    )
    weights = fit_logistic(inputs, is_visible, np.full(400, 2000.0), np.ones(2))
    assert weights[1] > 0.5
    assert weights[2] == 0


def test_calibration_error_by_hand():
    predicted = np.array([0.1, 0.1, 0.9, 0.9])
    assert expected_calibration_error(
        predicted, np.array([False, False, True, True]), bins=2
    ) == pytest.approx(0.1)
    assert expected_calibration_error(
        predicted, np.array([True, True, False, False]), bins=2
    ) == pytest.approx(0.9)


def test_negative_controls_of_edits(world, queries, encoder, is_gap):
    """A copy, white space and the words of those who ask gain nothing; an answer gains."""
    scorer, clusters, space = world
    calibration = fit_calibration(scorer, clusters, cited(scorer, ~is_gap.to_numpy()), PLAN)
    model = SiteModel(scorer, calibration, encoder, space)
    before = model.coverage_with([])[0]

    def change_by(added, removed=()):
        return model.coverage_with([PassageText(*text) for text in added], removed)[0] - before

    passage = scorer.passages.iloc[0]
    heading = passage["heading_path"]
    text = passage["text"]
    about = queries["query_id"].str.startswith("q-delivery-1").to_numpy()
    echo = " ".join(queries["text"][about])
    for nothing in (
        [(heading, text)],
        [(heading, text.replace(" ", "  "))],
        [("delivery cost island", echo)],
    ):
        np.testing.assert_array_equal(change_by(nothing), 0)
    spaced = change_by([(heading, text.replace(" ", "  "))], [passage["passage_id"]])
    assert np.abs(spaced).max() < 0.02
    unrelated = change_by([("", "A recipe for bread with olives")])
    assert np.abs(unrelated).max() < 0.08  # of twelve passages, some passage is always near
    answer = change_by(
        [("delivery cost island", "The delivery cost to an island explained by ours")]
    )
    assert answer[about].min() > 0.1
    removed = change_by([], list(scorer.passages["passage_id"][:4]))
    assert removed[:12].mean() < -0.05


def test_an_auc_that_no_resample_moves_has_the_interval_of_its_few_queries():
    """Of three hidden queries without an error, up to 1 - .05^(1/3) may be wrong."""
    truth = np.array([True, True, True, False, False, False])
    rng = np.random.default_rng(0)
    low, high = _auc_interval(truth, truth.astype(float), np.arange(6), rng)
    assert (low, high) == pytest.approx((0.05 ** (1 / 3), 1.0))
    # Predictions that are all equal say nothing: a coin may be as good as that, or as bad.
    low, high = _auc_interval(truth, np.full(6, 0.5), np.arange(6), rng)
    assert (low, high) == pytest.approx((0.5 * 0.05 ** (1 / 3), 1 - 0.5 * 0.05 ** (1 / 3)))


def test_a_further_site_may_be_farther_from_three_sites_than_these_from_each_other():
    # The mean is 1, the deviation 1; Student's t at 95% with two degrees of freedom is 2.92.
    assert _intercept_margin(np.array([0.0, 1.0, 2.0])) == pytest.approx(
        2.92 * (4 / 3) ** 0.5, 1e-4
    )
