"""Negative controls of the self-test: noise, a language that cannot be read, shuffled citations."""

import zlib

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from coverage_kit.embed.texts import headings, passage_texts
from coverage_kit.match.clusters import cluster_queries
from coverage_kit.match.coverage import fit_calibration, measure_coverage
from coverage_kit.match.evidence import EvidenceScorer, EvidenceVectors
from coverage_kit.match.masking import CitedPages, MaskingPlan
from coverage_kit.match.neighbors import nearest_passages
from coverage_kit.match.retrievers import measure_reliability
from coverage_kit.match.whitening import fit_space
from coverage_kit.match.word_index import WordIndex
from coverage_kit.tables import PASSAGES, QUERIES
from coverage_kit.vectors import embed_texts
from tests.encoder import WordEncoder

PLAN = MaskingPlan(bootstraps=0)
N_PAGES = 40
SECTIONS = 3
# Every fourth page is missing on the site, so that its questions are gaps.
IS_MISSING = np.arange(N_PAGES) % 4 == 0


class RandomEncoder(WordEncoder):
    """An encoder that makes a random vector of each text: nothing is near anything."""

    name = "random"

    def encode(self, texts, role="passage"):
        seeds = [zlib.crc32(f"{role} {text}".encode()) for text in texts]
        vectors = np.stack(
            [np.random.default_rng(seed).normal(size=self.dimensions) for seed in seeds]
        ).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def make_word(number):
    return "".join("bcdfghklmn"[int(digit)] + "aeiou"[int(digit) % 5] for digit in f"{number:03d}")


def make_scorer(encoder):
    """A site of pages of made-up words, and questions on sections of all pages, missing or not."""
    rng = np.random.default_rng(5)
    passages = []
    queries = []
    for page in range(N_PAGES):
        for section in range(SECTIONS):
            own = [make_word(page * 20 + section * 6 + number) for number in range(6)]
            common = [make_word(900 + number) for number in rng.integers(0, 40, 12)]
            text = " ".join(rng.permutation([*own, *common]))
            page_id = f"ours/{page}"
            if not IS_MISSING[page]:
                passages.append((f"{page_id}#{section}", page_id, section, make_word(page), text))
            for number in range(4):
                words = [*rng.choice(own, 3, replace=False), *rng.choice(common, 2)]
                queries.append((f"q{page:02d}-{section}-{number}", " ".join(words), 1.0))
    columns = ["passage_id", "page_id", "position", "heading_path", "text"]
    table = pd.DataFrame(passages, columns=columns).assign(site="ours", n_words=18)
    passages = PASSAGES.table(table.to_dict("records"))
    log = pd.DataFrame(queries, columns=["query_id", "text", "demand"])
    queries = QUERIES.table(log.to_dict("records"))
    content = embed_texts(passages["passage_id"], passage_texts(passages), encoder)
    questions = embed_texts(queries["query_id"], queries["text"], encoder, "query")
    titles = embed_texts(passages["passage_id"], headings(passages), encoder)
    space = fit_space(content, questions)
    vectors = EvidenceVectors(
        queries=space.of_queries(questions),
        passages=space.of_passages(content),
        headings=space.of_passages(titles),
    )
    matches = nearest_passages(vectors.queries, passages, vectors.passages, "ours")
    scorer = EvidenceScorer(queries, passages, matches, "ours", vectors)
    return scorer, cluster_queries(vectors.queries)[0]


@pytest.fixture(scope="module")
def by_words():
    return make_scorer(WordEncoder())


@pytest.fixture(scope="module")
def at_random():
    return make_scorer(RandomEncoder())


def page_of(scorer):
    return np.array([int(query_id[1:3]) for query_id in scorer.query_ids])


def auc_of_gaps(scorer, calibration):
    coverage = measure_coverage(scorer, calibration)[0]["coverage"]
    return roc_auc_score(~IS_MISSING[page_of(scorer)], coverage)


def test_random_vectors_are_a_coin_toss(at_random):
    scorer, clusters = at_random
    test = fit_calibration(scorer, clusters, None, PLAN).self_test
    assert test.auc == pytest.approx(0.5, abs=0.05)
    assert test.auc_gaps == pytest.approx(0.5, abs=0.05)
    assert scorer.reliability.meaning == 0


def test_where_the_encoder_is_blind_the_words_carry(at_random):
    scorer, clusters = at_random
    calibration = fit_calibration(scorer, clusters, None, PLAN)
    by_words = roc_auc_score(
        ~IS_MISSING[page_of(scorer)], scorer.features()[:, scorer.names.index("words")]
    )
    assert by_words > 0.9
    assert auc_of_gaps(scorer, calibration) > by_words - 0.03


def test_two_retrievers_that_agree_pass_and_do_not_exaggerate(by_words):
    scorer, clusters = by_words
    calibration = fit_calibration(scorer, clusters, None, PLAN)
    truth = auc_of_gaps(scorer, calibration)
    assert 0.6 < calibration.self_test.auc <= truth + 0.07
    assert calibration.self_test.auc <= calibration.self_test.auc_gaps
    assert calibration.self_test.certainty > 0.8


def cite(scorer, pages):
    """Every question of a page that is there is cited, with the page of this number."""
    rows = np.flatnonzero(~IS_MISSING[page_of(scorer)])
    is_cited = np.zeros(len(scorer.query_ids), bool)
    is_cited[rows] = True
    page_ids = tuple(f"ours/{page}" for page in pages[rows])
    is_reported = np.zeros(len(is_cited), bool)
    return CitedPages(
        is_cited, np.ones(len(is_cited), bool), rows, page_ids, is_reported, ~is_reported
    )


def test_cited_pages_are_hidden_where_the_log_has_them(by_words):
    scorer, clusters = by_words
    calibration = fit_calibration(scorer, clusters, cite(scorer, page_of(scorer)), PLAN)
    assert calibration.is_anchored
    assert calibration.self_test.auc > 0.8


def test_shuffled_citations_are_a_coin_toss(by_words):
    scorer, clusters = by_words
    pages = page_of(scorer).copy()
    there = ~IS_MISSING[pages]
    pages[there] = np.random.default_rng(1).permutation(pages[there])
    test = fit_calibration(scorer, clusters, cite(scorer, pages), PLAN).self_test
    assert test.auc == pytest.approx(0.5, abs=0.1)


def test_accuracies_are_near_the_truth(by_words):
    """Three views and no labels: how often each retriever names the right page first."""
    scorer, _ = by_words
    pages = scorer.passages["page_id"].str.removeprefix("ours/").astype(int).to_numpy()
    is_there = ~IS_MISSING[page_of(scorer)]
    for rows, estimate in (
        (scorer.rows[:, 0], scorer.reliability.meaning),
        (scorer.words.rows[:, 0], scorer.reliability.words),
    ):
        accuracy = (pages[rows] == page_of(scorer)).mean()
        assert estimate == pytest.approx(accuracy, abs=0.25)
    assert is_there.mean() == 0.75


@pytest.mark.parametrize("n_queries", [0, 1, 4])
def test_few_questions_do_not_show_that_an_encoder_is_blind(n_queries):
    """Nothing is known of either retriever, so both count alike and nothing is certain."""
    texts = [f"{make_word(number)} {make_word(number + 50)}" for number in range(6)]
    index = WordIndex(texts, texts[:n_queries])
    near = np.arange(n_queries)
    reliability = measure_reliability(near[::-1] + 1, index, near, np.arange(6))
    assert reliability.meaning == reliability.words > 0
    assert reliability.certainty == 0


def test_on_a_site_of_one_page_passages_are_compared():
    texts = [f"{make_word(number)} {make_word(number + 50)}" for number in range(40)]
    near = np.arange(40)
    reliability = measure_reliability(near, WordIndex(texts, texts), near, np.zeros(40, np.int64))
    assert reliability.agreement == pytest.approx(1)
    assert reliability.certainty > 0.8
