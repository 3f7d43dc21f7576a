"""The draw of the half that is published first, and what two runs show of it."""

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from coverage_kit.analysis import save_analysis
from coverage_kit.collect.panel import read_panel
from coverage_kit.errors import RunError, SettingsError
from coverage_kit.pipeline.published import PUBLISHED
from coverage_kit.tables import ANSWERS, CITATIONS
from coverage_kit.tasks.compare import compare_runs
from coverage_kit.tasks.holdout import (
    FIRST,
    HOLDOUT,
    HOLDOUT_LIST,
    LATER,
    describe_holdout,
    draw_holdout,
    list_holdout,
    make_holdout_panel,
    read_holdout,
)
from coverage_kit.tasks.holdout_result import compare_halves, describe_halves, list_halves
from tests.holdout_runs import WORDS, asked, first_run, page, text_of
from tests.two_runs import ABOUT, SITE, make_effects, make_passages, make_run

# Answers to each question in each run.
N_ANSWERS = 4


def published(run, *edit_ids):
    rows = [
        {
            "edit_id": name,
            "page_id": "p",
            "word_overlap": 1.0,
            "is_published": name in edit_ids,
            "how": "seen",
        }
        for name in run.edits["edit_id"]
    ]
    return PUBLISHED.table(rows)


def with_answers(run, rates, at, seed):
    """Return the run with answers to each question; of a gap's, such a share cites the site."""
    rng = np.random.default_rng(seed)
    answers, citations = [], []
    for query_id, cluster_id in zip(
        run.clusters["query_id"], run.clusters["cluster_id"], strict=True
    ):
        for number in range(N_ANSWERS):
            answer_id = f"a{at:%m%d}-{query_id}-{number}"
            answers.append(
                {
                    "answer_id": answer_id,
                    "query_id": query_id,
                    "engine": "perplexity",
                    "asked_at": at,
                    "text": "words",
                    "has_searched": True,
                }
            )
            sites = ["other.example"]
            if rng.random() < rates[int(cluster_id[1:])]:
                sites.append("ours.example")
            citations += [
                {
                    "answer_id": answer_id,
                    "position": position,
                    "url": f"https://{site}/x",
                    "site": site,
                    "kind": "cited",
                }
                for position, site in enumerate(sites)
            ]
    return replace(run, answers=ANSWERS.table(answers), citations=CITATIONS.table(citations))


def test_halves_are_balanced_and_the_same_draw_comes_again(tmp_path):
    run = first_run(9)
    drawn = draw_holdout(run, tmp_path, seed=5)
    assert drawn.n_pairs == 4
    by_pair = drawn.edits[drawn.edits["pair"] > 0].groupby("pair")
    assert all(set(rows["half"]) == {FIRST, LATER} for _, rows in by_pair)
    # neighbours by gain are pairs, and the smallest gain is left over
    assert drawn.edits["pair"].tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 0]
    assert drawn.edits["gap_id"].iloc[3] == "g0003"
    (tmp_path / "again").mkdir()
    again = draw_holdout(run, tmp_path / "again", seed=5)
    assert again.edits.equals(drawn.edits)
    halves = {
        tuple(draw_holdout(run, _folder(tmp_path, n), seed=n).edits["half"]) for n in range(12)
    }
    assert len(halves) > 4


def _folder(tmp_path, number):
    folder = tmp_path / f"seed{number}"
    folder.mkdir()
    return folder


def test_a_coin_decides_for_each_group(tmp_path):
    run = first_run(5)
    counts = Counter()
    for seed in range(60):
        drawn = draw_holdout(run, _folder(tmp_path, seed), seed=seed)
        counts.update(drawn.find_edits(FIRST))
    assert all(15 <= counts[f"e{gap}"] <= 45 for gap in range(5)), counts


def test_edits_of_a_page_or_of_a_gap_are_in_one_half(tmp_path):
    run = first_run(8, same_page=(0, 3, 5))
    clusters = run.edits["cluster_id"].where(run.edits["edit_id"] != "e6", "c7")
    run = replace(run, edits=run.edits.assign(cluster_id=clusters))
    for seed in range(6):
        edits = draw_holdout(run, _folder(tmp_path, seed), seed).edits.set_index("edit_id")
        assert edits["group"].nunique() == 5
        for names in (["e0", "e3", "e5"], ["e6", "e7"]):
            assert edits.loc[names, "half"].nunique() == 1
            assert edits.loc[names, "pair"].nunique() == 1


def test_groups_that_do_alike_are_paired(tmp_path):
    run = first_run(4)
    operations = ["add_page", "repair", "repair", "add_page"]
    edits = run.edits.assign(operation=operations, gain=[40.0, 38.0, 36.0, 34.0])
    drawn = draw_holdout(replace(run, edits=edits), tmp_path)
    assert drawn.edits["pair"].tolist() == [1, 2, 2, 1]


def test_a_draw_is_never_repeated(tmp_path):
    run = first_run(6)
    drawn = draw_holdout(run, tmp_path, seed=1)
    content = (tmp_path / HOLDOUT).read_bytes()
    assert draw_holdout(run, tmp_path).edits.equals(drawn.edits)
    assert draw_holdout(run, tmp_path, seed=1).drawn_at == drawn.drawn_at
    with pytest.raises(RunError, match=r"a draw with seed 2; found one with seed 1"):
        draw_holdout(run, tmp_path, seed=2)
    other = replace(run, edits=run.edits.assign(after="other words"))
    with pytest.raises(RunError, match="a draw of this run's planned edits; found one of other"):
        draw_holdout(other, tmp_path)
    assert (tmp_path / HOLDOUT).read_bytes() == content


@pytest.mark.parametrize(
    ("run", "found"),
    [
        (first_run(3), "3 planned edits in 3 separate groups"),
        (first_run(4, same_page=(0, 1, 2, 3)), "4 planned edits in 1 separate groups"),
    ],
)
def test_too_few_edits_say_what_to_do(tmp_path, run, found):
    with pytest.raises(RunError, match=found) as error:
        draw_holdout(run, tmp_path)
    assert "budget_minutes" in str(error.value)
    assert not (tmp_path / HOLDOUT).exists()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:100],
        lambda text: text.replace('"half": "later"', '"half": "none"'),
        lambda text: text.replace('"seed"', '"sead"'),
        lambda _: "[]",
    ],
)
def test_a_damaged_draw_is_an_error(tmp_path, spoil):
    draw_holdout(first_run(4), tmp_path)
    text = (tmp_path / HOLDOUT).read_text(encoding="utf-8")
    (tmp_path / HOLDOUT).write_text(spoil(text), encoding="utf-8")
    with pytest.raises(RunError, match="a draw as it was written"):
        read_holdout(tmp_path)


def test_the_panel_asks_the_questions_of_both_halves(tmp_path):
    run = first_run(4)
    # a fifth gap has questions but no edit, and e3 raises nothing by as much as a reader sees
    effects = run.effects.assign(
        coverage_after=run.effects["coverage_after"].where(run.effects["edit_id"] != "e3", 0.21)
    )
    run = replace(make_run(asked(5), edits=run.edits, effects=effects), gaps=run.gaps)
    drawn = draw_holdout(run, tmp_path)
    assert Counter(drawn.questions.values()) == dict.fromkeys(("e0", "e1", "e2", "e3"), 3)
    path = tmp_path / "panel.csv"
    made = make_holdout_panel(drawn, run, path, is_forced=False)
    assert set(made["text"]) == {row[1] for row in asked(4)}
    assert not made["is_holdout"].any()
    content = path.read_bytes()
    make_holdout_panel(drawn, run, path, is_forced=False)
    path.write_text("query\nwhich bike\n")
    with pytest.raises(SettingsError, match="found another panel"):
        make_holdout_panel(drawn, run, path, is_forced=False)
    make_holdout_panel(drawn, run, path, is_forced=True)
    assert path.read_bytes() == content
    assert len(read_panel(path)) == 12


def test_a_question_belongs_to_the_edit_that_raises_it_most(tmp_path):
    run = first_run(4)
    spill = make_effects(("e1", "q0-0", 0.2, 0.9, False), ("e2", "q0-1", 0.2, 0.22, False))
    effects = pd.concat([run.effects, spill.assign(weight=1.0)], ignore_index=True)
    drawn = draw_holdout(replace(run, effects=effects), tmp_path)
    assert [drawn.questions[f"q0-{i}"] for i in range(3)] == ["e1", "e0", "e0"]


def test_the_lists_for_people_hold_no_formula(tmp_path):
    run = first_run(4)
    pages = ["=cmd()", *run.edits["page_id"][1:]]
    drawn = draw_holdout(replace(run, edits=run.edits.assign(page_id=pages)), tmp_path)
    assert "'=cmd()" in (tmp_path / HOLDOUT_LIST).read_text(encoding="utf-8")
    assert json.loads((tmp_path / HOLDOUT).read_bytes())["edits"][0]["page_id"] == "=cmd()"
    assert len(list_holdout(drawn)) == 5
    assert "2 pairs can give no verdict, whatever happens: it takes 6" in describe_holdout(
        drawn, tmp_path
    )


def compared(tmp_path, n_gaps=14, effect=0.0, rise=0.0, seed=0, found=None):
    """Return the result of a draw whose first half rose so much, in citations and in coverage."""
    before = first_run(n_gaps)
    drawn = draw_holdout(before, _folder(tmp_path, seed), seed)
    first = {int(name[1:]) for name in drawn.find_edits(FIRST)}
    rng = np.random.default_rng(seed)
    rates = rng.uniform(0.1, 0.4, n_gaps)
    # gaps drift by themselves, and the engine cites everybody more
    moved = rates + rng.normal(0.1, 0.1, n_gaps)
    moved = np.clip([moved[gap] + effect * (gap in first) for gap in range(n_gaps)], 0, 1)
    rises = rng.normal(0.02, 0.02, n_gaps) + [rise * (gap in first) for gap in range(n_gaps)]
    before = with_answers(before, rates, drawn.drawn_at - timedelta(days=9), seed)
    after = with_answers(
        make_run(asked(n_gaps, rises)), moved, drawn.drawn_at + timedelta(days=9), seed + 1000
    )
    ids = drawn.find_edits(FIRST) if found is None else found(drawn)
    return drawn, compare_halves(drawn, before, after, published(before, *ids))


def test_a_planted_effect_is_shown(tmp_path):
    _, result = compared(tmp_path, effect=0.4, rise=0.5)
    citations, coverage = result.outcomes
    assert [one.measure for one in result.outcomes] == ["citations", "coverage"]
    for one, planted in ((citations, 0.4), (coverage, 0.5)):
        assert one.contrast.n_pairs == 7
        assert one.contrast.low < planted < one.contrast.high
        assert one.contrast.p < 0.05
        rise = one.halves["rise"]
        assert one.contrast.effect == pytest.approx(rise[FIRST] - rise[LATER])
    assert coverage.predicted == pytest.approx(0.5)
    words = describe_halves(result)
    assert "7 of 7 edits of the first half are published, none of the half that waits." in words
    assert "Answers that cite your site: the first half rose by" in words
    assert "nothing was predicted): a clear rise." in words
    assert "+50 predicted): a clear rise, as predicted." in words
    assert words.index("cite your site") < words.index("Coverage: ")
    assert [row[1] for row in list_halves(result)[1:]] == 2 * ["first half", "the half that waits"]


def test_less_than_predicted_is_said(tmp_path):
    _, result = compared(tmp_path, rise=0.2)
    assert "+50 predicted): a clear rise, less than predicted." in describe_halves(result)


def test_without_an_effect_there_is_seldom_a_clear_change(tmp_path):
    ends = [compared(tmp_path, seed=seed)[1].outcomes for seed in range(40)]
    for index in range(2):
        shown = [outcomes[index].contrast.p <= 0.05 for outcomes in ends]
        assert np.mean(shown) <= 0.125  # 5 of 40, where 5% are 2
    assert all(one.contrast.n_pairs == 7 for outcomes in ends for one in outcomes)


def test_few_pairs_give_no_verdict(tmp_path):
    _, result = compared(tmp_path, n_gaps=8, effect=0.5, rise=0.5)
    words = describe_halves(result)
    assert words.count("too few pairs for a verdict") == 2
    assert "88% interval" in words
    assert words.count("It takes 6 pairs") == 1


def test_edits_of_the_waiting_half_that_are_published_are_counted_out(tmp_path):
    def found(drawn):
        return [*drawn.find_edits(FIRST), drawn.find_edits(LATER)[0]]

    _, result = compared(tmp_path, rise=0.5, found=found)
    coverage = result.outcomes[-1]
    assert coverage.contrast.n_pairs == 7  # as drawn
    assert coverage.as_published.n_pairs == 6
    words = describe_halves(result)
    assert "1 of 7 of the half that waits are published as well" in words
    assert "Without the pairs that were not published as drawn" in words


def test_when_both_halves_are_published_both_are_predicted_to_rise(tmp_path):
    _, result = compared(tmp_path, rise=0.4, found=lambda drawn: list(drawn.edits["edit_id"]))
    assert not result.is_waiting
    coverage = result.outcomes[-1].halves
    assert coverage["predicted"].tolist() == pytest.approx([0.5, 0.5])
    words = describe_halves(result)
    assert "7 of 7 edits of the first half and 7 of 7 of the later half are published." in words
    assert "No half waits any more" in words
    assert "verdict" not in words and "clear" not in words


def test_answers_from_before_the_change_do_not_count_as_after(tmp_path):
    before = first_run(4)
    drawn = draw_holdout(before, tmp_path)
    early = drawn.drawn_at - timedelta(days=2)
    before = with_answers(before, [0.0] * 4, early - timedelta(days=7), 0)
    # asked before the draw, read by the later run only
    later = with_answers(make_run(asked(4)), [1.0] * 4, early, 1)
    result = compare_halves(drawn, before, later, published(before))
    assert [one.measure for one in result.outcomes] == ["coverage"]
    late = drawn.drawn_at + timedelta(days=2)
    later = with_answers(make_run(asked(4)), [1.0] * 4, late, 1)
    result = compare_halves(drawn, before, later, published(before))
    assert result.outcomes[0].halves["rise"].tolist() == [1.0, 1.0]
    about = replace(ABOUT, settings={"before_after": {"changed_at": f"{late + timedelta(days=1)}"}})
    result = compare_halves(drawn, before, replace(later, about=about), published(before))
    assert [one.measure for one in result.outcomes] == ["coverage"]


def test_answers_of_the_panel_are_read_where_the_settings_say(tmp_path):
    before = first_run(4)
    drawn = draw_holdout(before, tmp_path)
    before = with_answers(before, [0.0] * 4, drawn.drawn_at - timedelta(days=7), 0)
    log = tmp_path / "panel.jsonl"
    rows = [
        {
            "query": row[1],
            "answer": "words",
            "engine": "perplexity",
            "asked_at": (drawn.drawn_at + timedelta(days=5)).isoformat(),
            "citations": ["https://ours.example/p1"],
        }
        for row in asked(4)
    ]
    log.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    settings = {"site": {"source": "site"}, "before_after": {"files": [str(log)]}}
    later = replace(make_run(asked(4)), about=replace(ABOUT, settings=settings))
    result = compare_halves(drawn, before, later, published(before))
    assert result.outcomes[0].measure == "citations"
    assert result.outcomes[0].halves["after"].tolist() == [1.0, 1.0]


def test_citations_that_a_run_does_not_log_are_no_fall(tmp_path):
    before = first_run(4)
    drawn = draw_holdout(before, tmp_path)
    before = with_answers(before, [1.0] * 4, drawn.drawn_at - timedelta(days=7), 0)
    later = with_answers(make_run(asked(4)), [1.0] * 4, drawn.drawn_at + timedelta(days=7), 1)
    later = replace(later, citations=CITATIONS.empty())
    result = compare_halves(drawn, before, later, published(before))
    assert [one.measure for one in result.outcomes] == ["coverage"]


def test_questions_of_one_half_alone_give_no_difference(tmp_path):
    before = first_run(4)
    drawn = draw_holdout(before, tmp_path)
    first = {name.replace("e", "c") for name in drawn.find_edits(FIRST)}
    later = make_run([row for row in asked(4) if row[3] in first])
    result = compare_halves(drawn, before, later, published(before, "e0"))
    assert result.outcomes == []
    assert "Ask the panel of the draw again" in describe_halves(result)


def test_citation_gains_of_the_edits_are_the_prediction(tmp_path):
    before = first_run(4)
    before = replace(before, edits=before.edits.assign(citation_gain=6.0))
    drawn = draw_holdout(before, tmp_path)
    before = with_answers(before, [0.0] * 4, drawn.drawn_at - timedelta(days=7), 0)
    later = with_answers(make_run(asked(4)), [1.0] * 4, drawn.drawn_at + timedelta(days=7), 1)
    citations = compare_halves(drawn, before, later, published(before)).outcomes[0]
    # 6 of 100 answers
    assert citations.halves["predicted"].to_dict() == {FIRST: pytest.approx(0.06), LATER: 0.0}


def test_compare_finds_the_draw_in_the_folder_of_the_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = first_run(14)
    save_analysis(before, "first")
    drawn = draw_holdout(before, tmp_path / "first")
    first = [int(name[1:]) for name in drawn.find_edits(FIRST)]
    rises = [0.5 * (gap in first) + 0.01 * gap for gap in range(14)]
    pages = [(page(gap), "Top", "Old words.") for gap in range(14)] + [
        (page(gap), f"Top > {WORDS[gap]}", text_of(gap)) for gap in first
    ]
    after = make_run(asked(14, rises), passages=make_passages(*SITE, *pages))
    save_analysis(after, "second")
    text = compare_runs(tmp_path / "first", tmp_path / "second", [])
    assert "7 of 7 edits of the first half are published, none of the half that waits" in text
    assert "a clear rise" in text
    written = (tmp_path / "second/comparison.md").read_text(encoding="utf-8")
    assert "## Randomised proof" in written
    assert "| coverage | first half | 21 |" in written
    save_analysis(replace(before, edits=before.edits.assign(after="x")), "first")
    text = compare_runs(tmp_path / "first", tmp_path / "second", [])
    assert "holdout.json is a draw of another run's edits" in text
    assert "a clear rise" not in text
