import numpy as np
import pytest

from coverage_kit.contracts import PassageText
from coverage_kit.embed.texts import headings, passage_texts
from coverage_kit.match.clusters import cluster_queries
from coverage_kit.match.coverage import fit_calibration, measure_coverage
from coverage_kit.match.evidence import FEATURES, EvidenceScorer, EvidenceVectors
from coverage_kit.match.masking import MaskingPlan
from coverage_kit.match.model import SiteModel
from coverage_kit.match.neighbors import nearest_passages
from coverage_kit.match.whitening import fit_space
from coverage_kit.vectors import Embeddings, embed_texts


class WordOverlap:
    """A cross-encoder that counts the words a query and a passage share."""

    name = "word overlap"

    def __init__(self):
        self.n_read = 0

    def score(self, queries, passages):
        self.n_read += len(queries)
        return np.array(
            [len(set(q.split()) & set(p.split())) for q, p in zip(queries, passages, strict=True)],
            np.float32,
        )


def make_scorer(passages, queries, encoder, reader=None):
    own = passages[passages["site"] == "ours"].reset_index(drop=True)
    content = embed_texts(own["passage_id"], passage_texts(own), encoder)
    query_embeddings = embed_texts(queries["query_id"], queries["text"], encoder, "query")
    space = fit_space(content, query_embeddings)
    query_embeddings, content = space.of_queries(query_embeddings), space.of_passages(content)
    titled = space.of_passages(embed_texts(own["passage_id"], headings(own), encoder))
    matches = nearest_passages(query_embeddings, own, content, "ours")
    vectors = EvidenceVectors(queries=query_embeddings, passages=content, headings=titled)
    scorer = EvidenceScorer(queries, own, matches, "ours", vectors, cross_encoder=reader)
    return scorer, query_embeddings, content, space


def test_the_space_takes_out_what_all_texts_share():
    rng = np.random.default_rng(0)
    shared = np.array([5.0, 0, 0, 0, 0, 0], np.float32)
    raw = rng.normal(size=(400, 6)).astype(np.float32) * [1, 3, 1, 1, 1, 1] + shared
    unit = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)
    texts = Embeddings(tuple(map(str, range(400))), unit, "made up")
    space = fit_space(texts, texts)
    moved = space.of_passages(texts)
    assert (unit @ unit.T).mean() > 0.6
    assert abs((moved.vectors @ moved.vectors.T).mean()) < 0.05
    spread = np.var(moved.vectors, axis=0)
    assert spread[1] / spread[2:].mean() < np.var(unit, axis=0)[1] / np.var(unit, axis=0)[2:].mean()
    assert moved.encoder != texts.encoder  # not to be compared with vectors as encoded


def test_one_passage_and_one_query_still_have_a_direction():
    single = Embeddings(("a",), np.array([[0.6, 0.8, 0]], np.float32), "made up")
    space = fit_space(single, single)
    assert space.of_queries(single).similarity(space.of_passages(single))[0, 0] > 0.9


def test_evidence_by_hand(passages, queries, encoder):
    scorer, query_embeddings, content, _ = make_scorer(passages, queries, encoder)
    similarity = np.round(query_embeddings.vectors @ content.vectors.T, 6)
    values = dict(zip(scorer.names, scorer.features().T, strict=True))
    np.testing.assert_allclose(values["own_best"], similarity.max(axis=1), atol=1e-5)
    nearest_ten = np.sort(similarity, axis=0)[-10:].mean(axis=0)
    nearest = np.argsort(-similarity, axis=1)[:, :10]
    precedence = np.take_along_axis(similarity - nearest_ten, nearest, 1).max(axis=1)
    np.testing.assert_allclose(values["precedence"], precedence, atol=1e-5)
    np.testing.assert_allclose(values["contrast"], similarity.std(axis=1, ddof=1), atol=1e-3)
    others = query_embeddings.vectors @ query_embeddings.vectors.T
    np.fill_diagonal(others, -2)
    nearest_five = np.sort(others, axis=1)[:, -5:].mean(axis=1)
    np.testing.assert_allclose(values["query_margin"], values["own_best"] - nearest_five, atol=1e-4)
    assert ((values["focus"] > 0) & (values["focus"] <= 1 + 1e-9)).all()


def test_evidence_with_hidden_passages_is_that_of_a_site_without_them(passages, queries, encoder):
    scorer, _, _, _ = make_scorer(passages, queries, encoder)
    is_hidden = scorer.passages["page_id"].eq("ours/tyres").to_numpy()
    hidden = dict(zip(scorer.names, scorer.features(is_hidden).T, strict=True))
    left = scorer.passage_vectors[~is_hidden]
    np.testing.assert_allclose(
        hidden["own_best"], np.round(scorer.query_vectors @ left.T, 6).max(axis=1), atol=1e-5
    )
    titled = scorer.heading_vectors[np.unique(scorer._heading_rows[~is_hidden])]
    np.testing.assert_allclose(
        hidden["heading"], np.round(scorer.query_vectors @ titled.T, 6).max(axis=1), atol=1e-5
    )
    everything = np.ones(len(is_hidden), bool)
    # no version or year is compared where nothing is left
    finite = np.isfinite(scorer.features(everything)).all(axis=0)
    assert set(np.array(scorer.names)[~finite]) <= {"versions"}


def test_a_cross_encoder_becomes_evidence_and_reads_only_what_is_near(passages, queries, encoder):
    reader = WordOverlap()
    scorer, _, _, space = make_scorer(passages, queries, encoder, reader)
    assert "cross_encoder" in scorer.names
    column = scorer.names.index("cross_encoder")
    before = scorer.features()[:, column]
    assert reader.n_read == len(queries) * 10
    clusters, _ = cluster_queries(Embeddings(tuple(scorer.query_ids), scorer.query_vectors, "x"))
    model = SiteModel(
        scorer,
        fit_calibration(scorer, clusters, None, MaskingPlan(calibration_rounds=4, bootstraps=20)),
        encoder,
        space,
    )
    reader.n_read = 0
    added = PassageText(
        "delivery > delivery cost island", "delivery cost island of a delivery explained by ours"
    )
    rise = scorer.features(added=model._compare_added([added]))[:, column] - before
    assert 0 < reader.n_read < len(queries)
    about = queries["text"].str.contains("island").to_numpy()
    assert rise[about].min() > 0
    assert rise.min() >= 0


def test_without_answers_and_rivals_their_evidence_is_left_out(passages, queries, encoder):
    scorer, _, _, _ = make_scorer(passages, queries, encoder)
    assert set(FEATURES) - set(scorer.names) == {
        "cross_encoder",
        "margin",
        "answer_support",
        "answer_margin",
        "names",
        "proper_names",
    }
    table = scorer.table(np.ones(len(queries)))
    assert table["margin"].isna().all()
    assert table["own_best"].notna().all()


def test_no_planted_gap_gives_no_severe_gap(passages, queries, encoder, is_gap):
    """Negative control: hardly any question that the site answers is called a gap."""
    answered = queries[~is_gap.to_numpy()].reset_index(drop=True)
    scorer, query_embeddings, _, _ = make_scorer(passages, answered, encoder)
    clusters, _ = cluster_queries(query_embeddings)
    coverage, _ = measure_coverage(
        scorer,
        fit_calibration(scorer, clusters, None, MaskingPlan(calibration_rounds=6, bootstraps=20)),
    )
    assert (coverage["coverage"] < 0.5).mean() < 0.1


def test_stuffing_does_not_gain_what_an_answer_gains(passages, queries, encoder, is_gap):
    """Negative control: a passage of all questions' words helps a gap less than its answer."""
    scorer, query_embeddings, _, space = make_scorer(passages, queries, encoder)
    clusters, _ = cluster_queries(query_embeddings)
    calibration = fit_calibration(
        scorer, clusters, None, MaskingPlan(calibration_rounds=6, bootstraps=20)
    )
    model = SiteModel(scorer, calibration, encoder, space)
    before = model.coverage_with([])[0]
    gap = queries["text"].str.contains("island").to_numpy() & is_gap.to_numpy()
    answer = PassageText(
        "delivery > delivery cost island", "delivery cost island of a delivery explained by ours"
    )
    stuffed = PassageText("", " ".join(dict.fromkeys(" ".join(queries["text"]).split())))
    gains = [(model.coverage_with([text])[0] - before)[gap].mean() for text in (answer, stuffed)]
    assert gains[0] > 2 * max(gains[1], 0)
    assert gains[0] == pytest.approx(max(gains))


def test_words_of_a_heading_alone_raise_nothing(passages, queries, encoder):
    """A title that repeats what people ask says nothing new; a text that says it does."""
    scorer, _, _, space = make_scorer(passages, queries, encoder)
    clusters, _ = cluster_queries(
        Embeddings(tuple(scorer.query_ids), scorer.query_vectors, "words")
    )
    plan = MaskingPlan(calibration_rounds=2, bootstraps=0)
    model = SiteModel(scorer, fit_calibration(scorer, clusters, None, plan), encoder, space)
    column = scorer.names.index("words")
    before = scorer.features()[:, column]
    gap = queries["text"].str.contains("island").to_numpy()
    asked = "delivery cost island"
    stuffed = model._compare_added([PassageText(asked, "Nothing of that is said here")])
    said = model._compare_added([PassageText("Costs", f"{asked} is 20 pounds")])
    assert (scorer.features(added=stuffed)[:, column] <= before + 1e-6).all()
    assert (scorer.features(added=said)[gap, column] > before[gap] + 0.05).all()
