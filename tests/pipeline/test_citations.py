import numpy as np
import pandas as pd
import pytest

from coverage_kit.contracts import ANSWERED_SHARE, PassageText
from coverage_kit.embed.texts import headings, passage_texts
from coverage_kit.match.evidence import EvidenceScorer, EvidenceVectors
from coverage_kit.match.model import SiteModel
from coverage_kit.match.neighbors import nearest_passages
from coverage_kit.match.whitening import fit_space
from coverage_kit.pipeline.analyze import analyze
from coverage_kit.pipeline.citations import (
    CitationDraws,
    CitationGain,
    CitationInputs,
    QueryWeights,
    citation_gains,
    count_choices,
    doubt_of_choice,
    predict_citations,
)
from coverage_kit.pipeline.site_offers import Offers
from coverage_kit.rank.candidates import Candidate
from coverage_kit.rank.choice import ChoiceModel, Choices, fit_weights
from coverage_kit.settings import make_settings
from coverage_kit.tables import ANSWERS, CITATIONS, FAILURES, PASSAGES, QUERIES, SEARCHES, LogTables
from coverage_kit.vectors import embed_texts
from tests.world import write_small

# Cosines of a passage and the queries, after the queries were moved half-way to the passages' mean.
NEAR = np.cos(np.pi / 8)
FAR = np.sin(np.pi / 8)


def edit(*added, removed=(), cluster_id="gap", drafted_from=(), is_answer=False):
    return Candidate(
        cluster_id,
        "add_question_and_answer",
        "p",
        "",
        "",
        1.0,
        drafted_from,
        tuple(added),
        removed=removed,
        is_answer=is_answer,
    )


def effects(candidates, query_ids, fit=1.0):
    return pd.DataFrame(
        [
            {"edit_id": f"e{n:04d}", "query_id": name, "answer_probability": fit}
            for n in range(len(candidates))
            for name in query_ids
        ],
        columns=["edit_id", "query_id", "answer_probability"],
    )


def log_of(queries, cited):
    """Return a log whose answers cite these sites.

    `cited` has a list for each query_id, and in it a list of sites for each answer.
    """
    answers, citations = [], []
    for query_id, lists in cited.items():
        for number, sites in enumerate(lists):
            name = f"{query_id}-{number}"
            answers.append(
                {
                    "answer_id": name,
                    "query_id": query_id,
                    "engine": "e",
                    "text": "x",
                    "has_searched": True,
                }
            )
            citations += [
                {
                    "answer_id": name,
                    "position": position,
                    "url": f"https://{site}/",
                    "site": site,
                    "kind": "cited",
                }
                for position, site in enumerate(sites)
            ]
    return LogTables(
        queries,
        ANSWERS.table(answers),
        CITATIONS.table(citations),
        SEARCHES.empty(),
        FAILURES.empty(),
        mapping={},
    )


class Flat:
    """A stub of encoder, space and model: texts are points of a plane, and all have substance."""

    vectors = {"east": (1, 0), "north": (0, 1)}  # noqa: RUF012 (nothing changes it)

    def __init__(self):
        self.encoder = self.space = self.scorer = self
        self.query_ids = ["q-east", "q-north"]

    def encode(self, texts):
        return np.array([self.vectors[text] for text in texts], np.float32).reshape(-1, 2)

    def move_passages(self, vectors):
        return vectors

    def substantial_passages(self, change):
        return list(change.added)


def flat_gains(candidates, room=(1, 1), fit=1.0, steps=((1.0, 0.0, 0.0),) * 2):
    """Return the gains of the candidates on two sites, `ours` with a passage north, `theirs` east.

    By default the log odds rise by 1 for each unit of the nearest passage, in the estimate and in
    the only draw. Before an edit, half of the answers cite the site.
    """
    passages = PASSAGES.table(
        [
            {
                "passage_id": f"{site}#0",
                "page_id": site,
                "site": site,
                "position": 0,
                "heading_path": "",
                "text": text,
            }
            | {"n_words": 1}
            for site, text in (("ours", "north"), ("theirs", "east"))
        ]
    )
    model = Flat()
    eye = np.eye(2, dtype=np.float32)
    offers = Offers(["east", "north"], eye, passages, eye[::-1], ["ours", "theirs"])
    draws = CitationDraws(np.array(steps), np.zeros((len(steps), 2)))
    query_index = pd.Index(model.query_ids)
    worth = QueryWeights(
        np.array([10.0, 20.0]), {"gap": np.array([0, 1])}, query_index, np.array(room, float)
    )
    return citation_gains(
        draws, offers, worth, model, candidates, effects(candidates, model.query_ids, fit)
    )


def rise_of(change):
    """Return how many more of 100 answers cite the site where half did."""
    return 100 / (1 + np.exp(-change)) - 50


def test_the_gain_by_hand():
    east = PassageText("", "east")
    untopical, add, written, moved = flat_gains(
        [
            edit(east, cluster_id="other"),
            edit(east),
            edit(east, drafted_from=("q-east",)),
            edit(east, removed=("ours#0",), cluster_id="other"),
        ]
    )[:, 0]
    rise, fall = rise_of(NEAR - FAR), rise_of(FAR - NEAR)
    # The questions are asked 10 and 20 times, and the edit helps the first.
    assert add == pytest.approx(rise / 3, abs=1e-4)
    # An edit without a topic is for the questions that it touches.
    assert untopical == pytest.approx(rise / 3, abs=1e-4)
    # The question that the edit is for alone counts.
    assert written == pytest.approx(rise, abs=1e-4)
    assert moved == pytest.approx((rise + 2 * fall) / 3, abs=1e-4)


def test_the_text_of_an_answer_counts_in_part_and_fit_and_room_bound_the_rise():
    east = PassageText("", "east")
    rise = rise_of(NEAR - FAR)

    def gain(is_answer=False, **values):
        return flat_gains([edit(east, is_answer=is_answer)], **values)[0, 0]

    assert gain(is_answer=True) == pytest.approx(ANSWERED_SHARE * rise / 3, abs=1e-4)
    assert gain(fit=0.3) == pytest.approx(0.3 * rise / 3, abs=1e-4)
    assert gain(room=(0.01, 1)) == pytest.approx(1 / 3)
    assert gain(room=(0, 1)) == 0


def test_the_interval_holds_what_the_draws_of_the_models_say():
    candidates = [edit(PassageText("", "east"), drafted_from=("q-east",))]
    steps = np.zeros((101, 3))
    steps[:, 0] = [1.0, *np.linspace(0, 2, 100)]
    gain, low, high = flat_gains(candidates, steps=steps)[0]
    assert gain == pytest.approx(rise_of(NEAR - FAR), abs=1e-4)
    assert low == pytest.approx(rise_of(0.1 * (NEAR - FAR)), abs=1e-4)
    assert high == pytest.approx(rise_of(1.9 * (NEAR - FAR)), abs=1e-4)
    # Two questions that gain differently widen it: another log would ask them unequally often.
    _, low, high = flat_gains([edit(PassageText("", "east"))], steps=[[1.0, 0, 0]] * 101)[0]
    assert low < rise_of(NEAR - FAR) / 3 - 1 < rise_of(NEAR - FAR) / 3 + 1 < high


def test_words_count_as_well():
    # "east" holds all words of the first query, "north" none.
    gains = flat_gains([edit(PassageText("", "east"))], steps=[[0.0, 1.0, 0.0]] * 2)
    assert gains[0, 0] == pytest.approx(rise_of(1.0) / 3, abs=1e-4)


def test_a_copy_of_a_passage_of_the_site_gains_nothing_and_loses_nothing_as_its_replacement():
    north = PassageText("", "north")
    candidates = [edit(north), edit(), edit(north, removed=("ours#0",))]
    assert flat_gains(candidates) == pytest.approx(np.zeros((3, 3)))


def test_choices_count_once_an_answer_and_an_answer_without_citations_chose_another_site(
    passages,
):
    queries = QUERIES.table(
        [{"query_id": name, "text": name, "demand": 1.0} for name in ("a", "b", "c")]
    )
    log = log_of(
        queries, {"a": [["ours", "ours", "x", "y"], ["theirs"]], "b": [[], ["ours", "x", "x"]]}
    )
    counts = count_choices(log, passages, "ours")
    assert counts.sites == ["ours", "theirs"]
    assert counts.cited.tolist() == [[1, 1], [1, 0], [0, 0]]
    assert counts.elsewhere.tolist() == [2, 2, 0]
    assert counts.n_answers.tolist() == [2, 2, 0]
    assert counts.n_citations == 6
    assert counts.room.tolist() == [0.5, 0.5, 1]


@pytest.fixture
def world(passages, queries, encoder):
    """Passage vectors of the two sites in the whitened space, and a model of the site `ours`."""
    content = embed_texts(passages["passage_id"], passage_texts(passages), encoder)
    query_vectors = embed_texts(queries["query_id"], queries["text"], encoder, "query")
    space = fit_space(content, query_vectors)
    own = passages[passages["site"] == "ours"].reset_index(drop=True)
    titled = space.of_passages(embed_texts(own["passage_id"], headings(own), encoder))
    query_vectors, content = space.of_queries(query_vectors), space.of_passages(content)
    matches = nearest_passages(query_vectors, passages, content, "ours")
    vectors = EvidenceVectors(query_vectors, content.select(list(own["passage_id"])), titled)
    scorer = EvidenceScorer(queries, own, matches, "ours", vectors)
    return content, SiteModel(scorer, None, encoder, space)


@pytest.fixture
def cited(queries, is_gap):
    """Four answers to each query; each cites a third site and the site that answers the query."""
    return {
        name: [["theirs" if gap else "ours", "third"]] * 4
        for name, gap in zip(queries["query_id"], is_gap, strict=True)
    }


def predict(world, passages, queries, cited, candidates):
    content, model = world
    pairs = [f"c{number // 2}" for number in range(len(queries))]
    clusters = pd.DataFrame({"query_id": queries["query_id"], "cluster_id": pairs})
    fits = effects(candidates, queries["query_id"])
    inputs = CitationInputs(log_of(queries, cited), passages, content, clusters)
    return predict_citations(inputs, model, candidates, fits)


def test_an_answer_to_a_gap_gains_and_an_echo_or_a_copy_does_not(
    world, passages, queries, cited, is_gap
):
    query = queries.loc[is_gap, "text"].iloc[0]
    own = passages[passages["site"] == "ours"].iloc[0]
    candidates = [
        edit(
            PassageText(
                "delivery > delivery cost island",
                "delivery cost island of a delivery explained by ours",
            )
        ),
        edit(PassageText(query, f"{query}? {query}.")),
        edit(PassageText(own["heading_path"], own["text"])),
        edit(PassageText("delivery", "delivery van days?")),
    ]
    predicted = predict(world, passages, queries, cited, candidates)
    gain = predicted.gains[:, 0]
    choice_model = predicted.choice_model
    assert choice_model["features"] == ["nearest", "lexical", "subject"]
    assert choice_model["n_choices"] == 48 * 4 * 2
    assert 0.5 < choice_model["low"] <= choice_model["auc"]
    assert predicted.reason is None
    assert choice_model["n_topics"] == 18
    assert choice_model["over_record"]["low"] > 0
    assert choice_model["over_rate"]["low"] > 0
    assert sum(cell["n_answers"] for cell in choice_model["bins"]) == 48 * 4
    assert gain[0] > 0.5
    assert predicted.gains[0, 1] < gain[0] < predicted.gains[0, 2] < 100
    assert gain[1:] == pytest.approx([0, 0, 0], abs=1e-9)


def test_too_few_citations_give_no_gain_and_say_so(world, passages, queries, cited):
    few = {name: lists[:1] for name, lists in cited.items()}
    predicted = predict(world, passages, queries, few, [])
    reason = "the log has 96 citations, 300 are needed"
    assert predicted == CitationGain(None, None, reason)
    strangers = {name: [["third", "fourth"]] * 4 for name in cited}
    predicted = predict(world, passages, queries, strangers, [])
    assert predicted.gains is None
    assert predicted.reason == "no answer cites a site whose pages were read"


def test_citations_at_random_give_no_gain(world, passages, queries, cited):
    rng = np.random.default_rng(3)
    shuffled = dict(
        zip(cited, [list(cited.values())[row] for row in rng.permutation(len(cited))], strict=True)
    )
    predicted = predict(world, passages, queries, shuffled, [])
    assert predicted.gains is None
    assert predicted.reason.startswith(
        "it predicts no better than chance who is cited: held-out AUC"
    )


def test_no_edit_changes_a_site_s_subject():
    features = np.random.default_rng(0).normal(size=(40, 2, 3))
    counts = np.ones((40, 2)), np.ones(40), np.ones(40)
    fitted = fit_weights(Choices(("nearest", "lexical", "subject"), features, *counts))
    values = {
        **vars(fitted),
        "weights": np.array([0.0, 0.0, 1.0]),
        "auc": 0.8,
        "low": 0.7,
        "high": 0.9,
    }
    assert doubt_of_choice(ChoiceModel(**values)).startswith(
        "the site's subject alone predicts who is cited (held-out AUC 0.80)"
    )
    assert not doubt_of_choice(ChoiceModel(**{**values, "weights": np.array([0.1, 0.0, 1.0])}))
    assert "three questions" in doubt_of_choice(fitted)


def test_a_log_whose_topics_are_one_has_no_gain(world, passages, queries, cited):
    content, model = world
    one = pd.DataFrame({"query_id": queries["query_id"], "cluster_id": "c0"})
    inputs = CitationInputs(log_of(queries, cited), passages, content, one)
    predicted = predict_citations(inputs, model, [], effects([], []))
    assert predicted.gains is None
    assert predicted.reason == "answers cite your site in 1 of the topics, 10 are needed"
    assert np.isnan(predicted.columns(2)["citation_low"]).tolist() == [True, True]


def test_a_run_without_citations_has_edits_without_citation_gain(tmp_path, encoder):
    names = write_small(
        tmp_path, [f"how do I bleed brake {n}" for n in range(3)] + ["what is a quark"] * 3
    )
    values = {
        "site": {"source": names["--site"]},
        "log": {"files": (names["--log"],)},
        "out": names["--out"],
    }
    analysis = analyze(
        make_settings({**values, "cache": str(tmp_path / "cache")}, where="test"), encoder
    )
    assert analysis.about.choice_model is None
    assert analysis.about.no_choice_model == "the log has 0 citations, 300 are needed"
    assert len(analysis.edits)
    assert analysis.edits["citation_gain"].isna().all()


def test_the_sample_has_a_model_and_gains(sample_analysis):
    edits = sample_analysis.edits
    candidates = (edits["operation"] != "no_edit") & (edits["part"] != "2 of 2")
    model = sample_analysis.about.choice_model
    assert model["low"] > 0.5
    assert model["n_topics"] >= 10
    assert model["over_record"]["low"] > 0
    assert model["over_rate"]["low"] > 0
    assert model["ece"] < 0.1
    assert model["slope"] == pytest.approx(1, abs=0.25)
    columns = edits[["citation_gain", "citation_low", "citation_high"]]
    assert columns[candidates].notna().all().all()
    assert columns[~candidates].isna().all().all()
    assert columns["citation_gain"].max() > 0
    assert columns["citation_high"].max() < 100
    assert (columns.loc[candidates, "citation_low"] <= columns["citation_gain"][candidates]).all()
    assert (columns.loc[candidates, "citation_gain"] <= columns["citation_high"][candidates]).all()
