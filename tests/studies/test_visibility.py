"""Intervals of visibility hold the truth of simulated logs as often as they claim."""

import numpy as np
import pytest

from studies.visibility import (
    BOUNDS,
    Scenario,
    all_scenarios,
    measure_coverage,
    run,
    run_visibility,
    simulate_logs,
    summarize,
)

CASES = [
    *[Scenario("citation_rate", 20, 3, 0.8, 0.3), Scenario("citation_rate", 50, 5, 0.5, 0.1)],
    *[Scenario("citation_rate", 100, 0, 0.5, 0.1), Scenario("citation_rate", 300, 5, 0.8, 0.02)],
    *[Scenario("citation_rate", 300, 1, 0.0, 0.05), Scenario("citation_rate", 100, 3, 0.1, 0.5)],
    *[Scenario("citation_share", 100, 3, 0.5, 0.3), Scenario("share_of_voice", 100, 3, 0.5, 0.1)],
]


@pytest.mark.parametrize("scenario", CASES, ids=str)
def test_intervals_hold_the_truth_in_93_to_97_of_100_logs(scenario):
    assert BOUNDS[0] <= measure_coverage(scenario, n_logs=2000, seed=1)["ours"] <= BOUNDS[1]


def test_intervals_over_answers_are_far_too_short_where_repeats_are_alike():
    assert measure_coverage(Scenario("citation_rate", 100, 5, 0.8, 0.3), n_logs=500)["wilson"] < 0.8


def test_the_plain_bootstrap_falls_short_where_few_prompts_cite():
    assert (
        measure_coverage(Scenario("citation_rate", 20, 3, 0.8, 0.05), n_logs=500)["percentile"]
        < 0.8
    )


def test_logs_of_few_citing_prompts_are_marked():
    few, many = (
        measure_coverage(Scenario("citation_rate", n, 3, 0.5, 0.05), n_logs=500)["few_events"]
        for n in (50, 1000)
    )
    assert few > 0.8
    assert many == 0


@pytest.mark.parametrize("measure", ["citation_rate", "citation_share", "share_of_voice"])
def test_simulated_logs_have_the_truth_that_they_claim(measure):
    top, base, truth = simulate_logs(
        Scenario(measure, 100, 0, 0.3, 0.2), 4000, np.random.default_rng(0)
    )
    assert top.shape == base.shape == (100, 4000)
    assert (top <= base).all()
    assert top.sum() / base.sum() == pytest.approx(truth, abs=0.002)


def test_the_table_has_a_row_for_each_scenario_and_the_summary_counts_them():
    table = run(CASES[:2], n_logs=200)
    assert table["n_expected"].tolist() == [6, 5]
    summary = summarize(table).set_index("method")
    assert summary["n_scenarios"].tolist() == [2, 2, 2]
    assert len(all_scenarios()) == 308


def test_the_command_prints_and_writes_the_table(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("studies.visibility.all_scenarios", lambda: CASES[:2])
    assert run_visibility(tmp_path / "figures.json", n_logs=50) == 0
    assert "percentile" in capsys.readouterr().out
    assert (tmp_path / "figures.json").read_text().count("n_expected") == 2
