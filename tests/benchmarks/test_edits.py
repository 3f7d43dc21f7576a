"""Planted edits on a tiny made-up set: what is planted, real gains, and the command's figures."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks import __main__ as command
from benchmarks.edits import BUDGETS, measure_edits, missed_edit_floors
from benchmarks.planting import TOP_PASSAGES, Judge, plant_edits
from benchmarks.sets import read_set
from coverage_kit.errors import SchemaError
from tests.benchmarks.test_gaps import ODD_SETS, made_up, write
from tests.encoder import WordEncoder

SCORERS = (
    "coverage_kit",
    "additive",
    "gap_weighted_similarity",
    "similarity",
    "shortest_first",
    "random",
)
SHARES = set(BUDGETS) | {"spearman", "harm_rate"}


def tables_of(seed=0):
    """The set of the gaps, with thirty words in each section: words of queries, and other words."""
    tables = made_up()
    rng = np.random.default_rng(seed)
    passages = tables["passages"]
    own = [
        " ".join(f"word{row}x{number}" for number in rng.integers(40, size=22))
        for row in range(len(passages))
    ]
    tables["passages"] = passages.assign(
        text=passages["text"] + ". It is " + pd.Series(own, index=passages.index) + "."
    )
    return tables


@pytest.fixture
def tables():
    return tables_of()


@pytest.fixture(scope="module")
def planting(tmp_path_factory):
    return plant_edits(
        read_set(write(tmp_path_factory.mktemp("sets") / "tiny", tables_of()), WordEncoder()), 0
    )


@pytest.fixture(scope="module")
def judge(planting):
    return Judge(planting)


@pytest.fixture
def run(tmp_path, capsys):
    def run(*arguments):
        path = tmp_path / "figures.json"
        options = ["--seeds", "1", "--json", str(path), "--cache", str(tmp_path / "vectors.sqlite")]
        status = command.main(["edits", *options, *map(str, arguments)], WordEncoder())
        return status, json.loads(path.read_text()), capsys.readouterr()

    return run


def answered(planting, judge, chosen):
    """The best grade among each query's ten best passages, mean of the engines, query by query."""
    removed = {row for number in chosen for row in planting.edits[number].removed}
    left = [row for row in range(len(planting.trial.passages)) if row not in removed]
    new = [column for column, number in enumerate(judge.edit_of) if number in chosen]
    best = np.zeros(len(planting.trial.queries))
    for query in range(len(best)):
        grades = [*planting.relevant[query, left].astype(float), *judge.grades[query, new]]
        for site, added in judge.engines:
            values = [*site[query, left], *added[query, new]]
            tenth = sorted(values, reverse=True)[min(TOP_PASSAGES, len(values)) - 1]
            top_grades = [
                grade
                for value, grade in zip(values, grades, strict=True)
                if value >= tenth and value > 0
            ]
            best[query] += max(top_grades, default=0) / len(judge.engines)
    return best


def test_a_quarter_of_the_sections_goes_and_every_kind_of_candidate_is_there(planting):
    """Of 36 judged sections nine go with their queries' answers, and nine with their queries."""
    kinds = pd.Series([edit.kind for edit in planting.edits]).value_counts()
    assert kinds[["section", "decoy"]].tolist() == [9, 9]
    assert kinds["half"] == 2 * 18
    assert kinds["duplicate"] == kinds["echo"] == 4
    assert 1 <= kinds["harmful"] <= 5
    assert len(planting.trial.passages) == 36 - 18
    assert len(planting.trial.queries) == 72 - 18
    assert planting.trial.is_gap.sum() == 18
    assert (planting.cost > 0).all()


def test_candidates_say_what_went(planting):
    """A section holds the answer to the queries that lost it; a half has its share of the words."""
    texts = list(planting.trial.queries["text"])
    sections = {edit.group: edit for edit in planting.edits if edit.kind in ("section", "decoy")}
    for edit in planting.edits:
        if edit.kind == "section":
            subject = edit.added[0].heading_path.split(" > part")[1]
            assert sorted(edit.relevant) == [
                row for row, text in enumerate(texts) if f"part{subject} " in text
            ]
            assert (planting.lost_group[list(edit.relevant)] == edit.group).all()
        if edit.kind in ("decoy", "duplicate", "echo", "harmful"):
            assert edit.relevant == ()
        if edit.kind == "half":
            section_text = sections[edit.group].added[0].text
            assert edit.added[0].text in section_text
            assert edit.share == pytest.approx(
                len(edit.added[0].text.split()) / len(section_text.split())
            )
        if edit.kind == "duplicate":
            assert edit.added[0].text in set(planting.trial.passages["text"])
        if edit.kind == "echo":
            assert sum(text in edit.added[0].text for text in texts) >= 3
        if edit.kind == "harmful":
            assert planting.relevant[:, list(edit.removed)].any()


def test_the_judge_agrees_with_brute_force(planting, judge):
    before = answered(planting, judge, [])
    np.testing.assert_allclose(judge.before, before)
    for number in range(len(planting.edits)):
        np.testing.assert_allclose(
            judge.alone[number], answered(planting, judge, [number]) - before, atol=1e-12
        )
    rng = np.random.default_rng(1)
    for size in (2, 5, 20):
        chosen = rng.permutation(len(planting.edits))[:size].tolist()
        assert judge.gain(chosen) == pytest.approx(
            (answered(planting, judge, chosen) - before).sum()
        )


def test_what_edits_really_bring(planting, judge):
    """Removed sections bring queries back; decoys, copies and echoes bring nothing; harm harms."""
    brought = {kind: [] for kind in ("section", "half", "decoy", "duplicate", "echo", "harmful")}
    for edit, gain in zip(planting.edits, judge.alone.sum(axis=1), strict=True):
        brought[edit.kind].append(gain)
    assert min(brought["section"]) > 0
    assert np.mean(brought["section"]) == pytest.approx(2, abs=0.3)  # two queries a section
    assert max(brought["decoy"] + brought["duplicate"] + brought["echo"]) <= 0
    assert min(brought["harmful"]) < 0
    assert np.sum(brought["half"]) == pytest.approx(
        np.sum(brought["section"]), rel=0.15
    )  # one of the two holds the answer


def test_chance_takes_its_budgets_share(planting, judge):
    sections = [
        number for number, edit in enumerate(planting.edits) if edit.kind in ("section", "decoy")
    ]
    cost, total = planting.cost, judge.gain(sections)
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(60):
        order = rng.permutation(sections)
        within = np.cumsum(cost[order]) <= 0.3 * cost[sections].sum()
        shares.append(judge.gain(order[within].tolist()) / total)
    assert np.mean(shares) == pytest.approx(0.28, abs=0.07)  # what does not fit is left over


def test_the_command_reports_every_scorer_and_metric_as_numbers(tmp_path, tables, run):
    folder = write(tmp_path / "tiny", tables)
    status, report, output = run("--set", folder)
    assert status == 0
    assert set(report) == {"tiny"}
    assert tuple(report["tiny"]) == SCORERS
    for scorer, metrics in report["tiny"].items():
        assert set(metrics) >= SHARES, scorer
        for figure in metrics.values():
            assert set(figure) == {"value", "low", "high"}
            assert all(isinstance(value, float) for value in figure.values())
            assert figure["low"] <= figure["value"] + 1e-9
            assert figure["value"] <= figure["high"] + 1e-9
    figures = {name: figure["value"] for name, figure in report["tiny"]["coverage_kit"].items()}
    assert figures["n_gaps"] == 18
    assert max(figures[name] for name in BUDGETS) <= 1.2
    assert 0 <= figures["right_page_by_gain"] <= 1
    assert 0 <= figures["right_page"] <= 1
    assert 0 <= figures["right_operation"] <= 1
    assert "| tiny | gain_share_05 |" in output.out
    bench = read_set(folder, WordEncoder())
    assert measure_edits(bench, WordEncoder(), 1) == report


def test_one_set_that_cannot_be_used_does_not_stop_the_others(tmp_path, tables, run):
    good = write(tmp_path / "good", tables)
    few = write(tmp_path / "few", {**tables, "queries": tables["queries"][:2]})
    bad = write(
        tmp_path / "bad", {name: table for name, table in tables.items() if name != "passages"}
    )
    status, report, output = run("--set", bad, "--set", few, "--set", good)
    assert status == 1
    assert set(report) == {"good"}
    assert "bad/passages.parquet: a Parquet table; found no such file" in output.err
    assert "few: queries that lose their answer" in output.err


@pytest.mark.parametrize("oddity", ODD_SETS)
def test_a_set_need_not_be_complete(oddity, tmp_path, tables):
    ODD_SETS[oddity](tables)
    bench = read_set(write(tmp_path / "odd", tables), WordEncoder())
    planting = plant_edits(bench, 0)
    assert (planting is None) == (oddity == "no judgement")
    if planting:
        assert {"section", "decoy"} <= {edit.kind for edit in planting.edits}
        assert Judge(planting).alone.shape == (len(planting.edits), len(planting.trial.queries))


def test_a_set_odd_in_many_ways_is_measured(tmp_path, tables):
    for oddity in (
        "no title, heading or topic",
        "judged by page alone",
        "repeated ids",
        "numbers as ids",
    ):
        ODD_SETS[oddity](tables)
    tables["queries"] = tables["queries"][:72:3]
    report = measure_edits(
        read_set(write(tmp_path / "odd", tables), WordEncoder()), WordEncoder(), 1
    )
    assert np.isfinite(
        [figure["value"] for metrics in report["odd"].values() for figure in metrics.values()]
    ).all()


def test_a_set_without_judgements_says_so(tmp_path, tables):
    tables.pop("qrels")
    with pytest.raises(SchemaError, match="queries that lose their answer"):
        measure_edits(read_set(write(tmp_path / "none", tables), WordEncoder()), WordEncoder(), 1)


def test_a_figure_below_its_floor_fails_the_check(tmp_path, tables, run, monkeypatch):
    folder, floors = write(tmp_path / "tiny", tables), tmp_path / "floors.json"
    monkeypatch.setattr(command, "FLOORS", floors)
    floors.write_text(
        json.dumps(
            {
                "tiny/edits": {"gain_share_15": -1, "harm_rate": 1},
                "other/edits": {"gain_share_15": 2},
            }
        )
    )
    assert run("--set", folder, "--check")[0] == 0
    floors.write_text(json.dumps({"tiny/edits": {"gain_share_15": 9, "harm_rate": -1}}))
    status, report, output = run("--set", folder, "--check")
    assert status == 1
    assert "tiny/edits: gain_share_15 is" in output.err
    assert len(missed_edit_floors(report, json.loads(floors.read_text()))) == 2
    assert run("--set", folder)[0] == 0
