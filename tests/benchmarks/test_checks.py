import json

import numpy as np

from benchmarks import __main__ as command
from benchmarks.checks import simulate_checks
from tests.benchmarks.test_gaps import made_up
from tests.encoder import WordEncoder
from tests.match.check_samples import make_log


def test_simulated_checks_hold_the_truth_and_mend_coverage():
    questions, is_answered = make_log(600, spread=2.0)
    figures = simulate_checks(questions, ~is_answered, 50, 40)
    assert figures["holds_truth"] >= 0.75
    assert figures["is_allowed"] == 1
    assert 0 < figures["narrower"] < 0.6
    assert figures["share_error"] < 0.08
    assert figures["ece"] < 0.1
    # of 600 exact probabilities, bins of 60 are off by some hundredths
    assert 0.01 < figures["noise_ece"] < 0.06


def test_the_command_writes_figures_for_each_number_of_checks(tmp_path, capsys):
    for name, table in made_up().items():
        table.to_parquet(tmp_path / f"{name}.parquet")
    out = tmp_path / "checks.json"
    arguments = ["checks", "--set", str(tmp_path), "--repetitions", "3", "--json", str(out)]
    cache = ["--cache", str(tmp_path / "vectors.sqlite")]
    assert command.main([*arguments, *cache], encoder=WordEncoder()) == 0
    report = json.loads(out.read_text(encoding="utf-8"))
    (by_number,) = report.values()
    assert list(by_number) == ["0", "20", "50"]
    assert by_number["0"]["covered_low"] < by_number["0"]["covered_high"]
    assert np.isfinite(by_number["50"]["ece"])
    assert "without checks: covered" in capsys.readouterr().out
