"""SiteModel in the world of words: what it predicts, and what must not deceive it."""

import numpy as np
import pytest

from coverage_kit.contracts import PassageText, TextChange
from coverage_kit.embed.texts import headings, passage_texts
from coverage_kit.match import model as model_module
from coverage_kit.match.answering import PAIR_FEATURES, AnswerModel, Rivals, pair_features
from coverage_kit.match.clusters import cluster_queries
from coverage_kit.match.coverage import fit_calibration, weigh_citations
from coverage_kit.match.echo_filter import retained_share
from coverage_kit.match.evidence import Claims, EvidenceScorer, EvidenceVectors
from coverage_kit.match.masking import CitedPages, MaskingPlan
from coverage_kit.match.model import SiteModel
from coverage_kit.match.neighbors import best_similarity, nearest_passages
from coverage_kit.match.whitening import fit_space
from coverage_kit.vectors import embed_texts

ISLAND = PassageText(
    "delivery > delivery cost island",
    "The delivery cost to an island is what the ferry takes, says ours.",
)
SLOT = PassageText(
    "delivery > delivery slot choose",
    "Once it is paid, choose a delivery slot of two hours in the shop.",
)
BREAD = PassageText("bread", "A recipe for bread with olives, which has to rest for a night.")


@pytest.fixture
def model(passages, queries, encoder, is_gap):
    own = passages[passages["site"] == "ours"].reset_index(drop=True)
    content = embed_texts(passages["passage_id"], passage_texts(passages), encoder)
    query_embeddings = embed_texts(queries["query_id"], queries["text"], encoder, "query")
    space = fit_space(content, query_embeddings)
    query_embeddings, content = space.of_queries(query_embeddings), space.of_passages(content)
    rows = np.arange(len(queries), dtype=np.int64)
    claim_embeddings = space.of_passages(
        embed_texts([f"c{r}" for r in rows], [f"It is about {t}" for t in queries["text"]], encoder)
    )
    other_ids = passages.loc[passages["site"] == "theirs", "passage_id"]
    claims = Claims(rows, claim_embeddings, best_similarity(claim_embeddings, content, other_ids))
    titled = space.of_passages(embed_texts(own["passage_id"], headings(own), encoder))
    matches = nearest_passages(query_embeddings, passages, content, "ours")
    scorer = EvidenceScorer(
        queries,
        own,
        matches,
        "ours",
        EvidenceVectors(
            queries=query_embeddings,
            passages=content.select(list(own["passage_id"])),
            headings=titled,
        ),
        claims,
    )
    is_cited = ~is_gap.to_numpy()
    pages = tuple(own["page_id"].iloc[scorer.best_rows()[np.flatnonzero(is_cited)]])
    is_logged, is_reported = np.ones(len(is_cited), bool), np.zeros(len(is_cited), bool)
    cited = CitedPages(is_cited, is_logged, np.flatnonzero(is_cited), pages, is_reported, is_logged)
    calibration = fit_calibration(
        scorer,
        cluster_queries(query_embeddings)[0],
        cited,
        MaskingPlan(calibration_rounds=4, bootstraps=5),
    )
    return SiteModel(scorer, calibration, encoder, space, weigh_citations(cited, 0.4))


@pytest.fixture
def changes(model):
    """Additions (two are variants), a rewrite, a removal, text without substance, no change."""
    first, second = (model.scorer.passages.iloc[row] for row in (0, 5))
    rewrite = PassageText(
        str(first["heading_path"]),
        f"{first['text']}. They wear out after 2000 km, or sooner in the hills.",
    )
    return [
        TextChange((ISLAND,), group="island"),
        TextChange((ISLAND, SLOT), group="island"),
        TextChange((SLOT, BREAD), group="slot"),
        TextChange((rewrite,), (str(first["passage_id"]),), "brakes"),
        TextChange((), (str(second["passage_id"]),), "tyres"),
        TextChange((PassageText("delivery", "How about delivery cost island?"),), group="echo"),
        TextChange((), group="nothing"),
    ]


def spread(effect, values, n):
    """Return an effect's values for all queries, 0 for those that it does not touch."""
    spread_values = np.zeros((len(values), n))
    spread_values[:, effect.rows] = values
    return spread_values


def test_an_addition_alone_is_what_the_whole_site_with_it_would_be(model, changes):
    """Only affected rows are computed again; all others are as before."""
    n = len(model.scorer.query_ids)
    before = model.coverage_with([])
    for change, effect in zip(changes[:3], model.simulate(changes[:3]), strict=True):
        after = model.coverage_with(change.added)
        np.testing.assert_allclose(effect.before, before[:, effect.rows], rtol=0, atol=1e-12)
        np.testing.assert_allclose(
            spread(effect, effect.after - effect.before, n), after - before, rtol=0, atol=1e-6
        )
        assert len(effect.rows) > 0
        assert (np.diff(effect.rows) > 0).all()


def test_text_without_substance_and_no_change_touch_nobody(model, changes):
    effects = list(model.simulate(changes))
    assert len(effects[5].rows) == len(effects[6].rows) == 0
    assert len(effects[0].rows) > 0


def test_what_is_removed_and_not_said_again_is_lost(model, changes):
    """Coverage falls by the chance that the answer was there, times the share of lost words."""
    change = changes[4]
    removed = np.flatnonzero(model.scorer.passages["passage_id"].isin(change.removed))
    (effect,) = model.simulate([change])
    hidden = np.zeros(len(model.scorer.passages), bool)
    hidden[removed] = True
    without = model.calibration.coverage(model.scorer.features(hidden), model.citation_odds)[
        :, effect.rows
    ]
    lost = model.scorer.answer_share(removed, effect.rows)
    expected = np.clip(without - lost * effect.before, 0, effect.before)
    np.testing.assert_allclose(effect.after, expected, atol=1e-12)
    np.testing.assert_allclose(effect.answer_probability, lost)
    about = np.flatnonzero(
        np.array(["puncture tyre repair" in text for text in model.scorer.query_texts])
    )
    assert set(about) <= set(effect.rows)
    change_of = spread(effect, effect.after - effect.before, len(model.scorer.query_ids))[0]
    assert change_of[about].max() < -0.3
    assert change_of.max() <= 0


def test_a_rewrite_loses_the_words_that_it_leaves_out(model):
    """A passage cut to half of its content words loses half of what it was good for."""
    passage = model.scorer.passages.iloc[0]
    text = str(passage["text"])
    half = " ".join(text.split()[:2])
    removed = np.array([0])
    retained = retained_share([text], [half])
    assert 0 < retained < 1
    (effect,) = model.simulate(
        [
            TextChange(
                (PassageText(str(passage["heading_path"]), half),), (str(passage["passage_id"]),)
            )
        ]
    )
    together = model.coverage_with(
        [PassageText(str(passage["heading_path"]), half)], [str(passage["passage_id"])]
    )[:, effect.rows]
    lost = model.scorer.answer_share(removed, effect.rows) * (1 - retained)
    np.testing.assert_allclose(
        effect.after, np.maximum(together - lost * effect.before, 0), atol=1e-6
    )


def test_the_answer_probability_is_the_best_among_the_passages(model, changes):
    """The site and other groups are rivals of a passage; variants of its group are not."""
    effects = list(model.simulate(changes[:3]))
    scorer = model.scorer
    nothing = np.zeros(len(scorer.passages), bool)
    added = {text: model._compare_added([text]) for text in (ISLAND, SLOT, BREAD)}
    for change, others, effect in (
        (changes[0], (SLOT, BREAD), effects[0]),
        (changes[1], (SLOT, BREAD), effects[1]),
        (changes[2], (ISLAND, SLOT), effects[2]),
    ):
        rivals = np.max([added[text].similarity[:, 0] for text in others], axis=0)
        chances = [
            model.answering.probability(
                pair_features(scorer, effect.rows, added[text], rivals, nothing)[:, 0]
            )
            for text in change.added
        ]
        np.testing.assert_allclose(effect.answer_probability, np.max(chances, axis=0), atol=1e-5)


def test_a_part_of_a_text_holds_the_answer_as_often(model):
    full, half = model.simulate(
        [TextChange((ISLAND,), group="a"), TextChange((ISLAND,), group="a", part=0.5)]
    )
    np.testing.assert_allclose(half.answer_probability, full.answer_probability / 2)
    np.testing.assert_array_equal(half.after, full.after)


def test_a_rival_lowers_the_answer_probability_and_a_variant_does_not(model):
    """If only the lead has weight, a text that another group says too leads nobody."""
    lead = np.eye(len(PAIR_FEATURES))[0] * 10
    site = SiteModel(
        model.scorer,
        model.calibration,
        model.encoder,
        model.space,
        model.citation_odds,
        AnswerModel(lead * 0, lead * 0 + 1, np.r_[0, lead]),
    )
    alone, *_ = site.simulate([TextChange((ISLAND,), group="a")])
    variant, _ = site.simulate(
        [TextChange((ISLAND,), group="a"), TextChange((ISLAND, SLOT), group="a")]
    )
    rival, _ = site.simulate(
        [TextChange((ISLAND,), group="a"), TextChange((ISLAND, SLOT), group="b")]
    )
    np.testing.assert_array_equal(variant.answer_probability, alone.answer_probability)
    assert (rival.answer_probability <= alone.answer_probability + 1e-9).all()
    assert rival.answer_probability.max() == pytest.approx(0.5, abs=1e-4)
    assert alone.answer_probability.max() > 0.9


@pytest.mark.parametrize("size", [1, 2, 3])
def test_blocks_do_not_change_results(model, changes, size, monkeypatch):
    in_one_block = list(model.simulate(changes))
    monkeypatch.setattr(model_module, "BLOCK_PASSAGES", size)
    for effect, other in zip(in_one_block, model.simulate(changes), strict=True):
        np.testing.assert_array_equal(effect.rows, other.rows)
        for values, other_values in zip(effect[1:], other[1:], strict=True):
            np.testing.assert_allclose(values, other_values, rtol=0, atol=1e-5)


def test_order_does_not_change_results(model, changes):
    for effect, other in zip(
        model.simulate(changes), list(model.simulate(changes[::-1]))[::-1], strict=True
    ):
        np.testing.assert_array_equal(effect.rows, other.rows)
        np.testing.assert_allclose(
            effect.answer_probability, other.answer_probability, rtol=0, atol=1e-5
        )
        np.testing.assert_allclose(effect.after, other.after, rtol=0, atol=1e-5)


def test_no_change_and_unknown_passages_do_nothing(model):
    assert list(model.simulate([])) == []
    (effect,) = model.simulate([TextChange((), ("no such passage",))])
    assert len(effect.rows) == 0
    assert Rivals(3, 1).nearest_other(0).tolist() == [-1, -1, -1]
