"""The commands that cost money (panel, ask, costs), against a real server on this machine."""

import pytest

from coverage_kit.analysis import save_analysis
from coverage_kit.collect.logs import read_log
from coverage_kit.collect.panel import read_panel
from coverage_kit.embed.texts import CachedEncoder
from coverage_kit.llm.costs import LEDGER, Ledger, read_prices
from coverage_kit.pipeline.run import read_holdout
from coverage_kit.settings import LogSettings, read_settings
from coverage_kit.storage.store import Store
from tests.commands.test_app import call
from tests.encoder import WordEncoder
from tests.engine_server import KEY, Reply, engine_server
from tests.holdout_runs import first_run

SETTINGS = """
cache = "cache"

[site]
source = "site"

[log]
files = ["waves"]

[ask]
panel = "panel.csv"
out = "waves"
repeats = 2

[[ask.engines]]
name = "px"
kind = "perplexity"
model = "sonar"
base_url = "{url}/perplexity"
requests_per_minute = 1e6
"""


@pytest.fixture(autouse=True)
def _in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("PERPLEXITY_API_KEY", KEY)


def test_a_panel_is_made_from_a_run_asked_resumed_and_booked_in_the_ledger(
    monkeypatch, capsys, tmp_path, sample_analysis
):
    run = save_analysis(sample_analysis, tmp_path / "run")
    status, output = call(monkeypatch, capsys, "panel", run, "--size", 12, "--holdout", 0.25)
    assert status == 0, output
    assert "12 questions of 12 topics, 3 of them held out" in output
    status, output = call(monkeypatch, capsys, "panel", run, "--size", 5)
    assert status == 2
    assert "--force" in output
    with engine_server() as server:
        settings_file = tmp_path / "coverage.toml"
        settings_file.write_text(SETTINGS.format(url=server.url))
        status, output = call(monkeypatch, capsys, "ask", settings_file, "--dry-run")
        assert (status, server.asked) == (0, [])
        assert "24 requests" in output
        status, output = call(monkeypatch, capsys, "ask", settings_file)
        assert status == 0, output
        assert "24 answered" in output
        assert len(server.asked) == 24
        assert max(server.counts().values()) == 2
    status, output = call(monkeypatch, capsys, "costs", settings_file)
    assert status == 0, output
    spent = Ledger(tmp_path / "cache" / LEDGER, read_prices()).read()
    assert list(spent[["task", "model", "n_calls"]].iloc[0]) == ["ask", "sonar", 24]
    assert spent["money"].iloc[0] == pytest.approx(
        (24 * 200 * 1.0 + 24 * 30 * 2.5) / 1e6 + 24 * 3 * 5.0 / 1000
    )
    assert "sonar" in output
    log = read_log(LogSettings(files=(str(tmp_path / "waves"),)))
    assert set(log.queries["query_id"]) == set(read_panel("panel.csv")["query_id"])
    assert len(log.answers) == 24
    assert len(log.searches) == 24 * 2
    held_out = read_holdout(read_settings(settings_file))
    assert len(held_out) == 3
    assert held_out < set(sample_analysis.queries["query_id"])
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert not [file for file in files if KEY.encode() in file.read_bytes()]


def test_half_of_the_edits_is_drawn_once_and_the_panel_asks_for_both_halves(
    monkeypatch, capsys, tmp_path
):
    run = save_analysis(first_run(12), tmp_path / "run")
    options = ("panel", run, "--holdout-edits", "--out", "proof.csv")
    status, output = call(monkeypatch, capsys, *options, "--seed", 4)
    assert status == 0, output
    assert output.count("\npublish first ") == 6
    assert output.count("\nlet wait ") == 6
    assert "with seed 4" in output
    assert "6 pairs can show a difference" in output
    assert "the 36 questions of both halves, in proof.csv" in output
    assert len(read_panel("proof.csv")) == 36
    # The same again is the same draw, and a forced panel does not draw anew either.
    assert call(monkeypatch, capsys, *options) == (0, output)
    assert call(monkeypatch, capsys, *options, "--force") == (0, output)
    status, output = call(monkeypatch, capsys, *options, "--seed", 5)
    assert status == 2
    assert "a second draw would prove nothing" in output
    status, output = call(monkeypatch, capsys, "panel", run, "--seed", 5)
    assert status == 2
    assert "--seed with --holdout-edits" in output


def test_a_bad_key_stops_the_engine_says_so_and_ends_with_one(monkeypatch, capsys, tmp_path):
    (tmp_path / "panel.csv").write_text("query\nwhich bike\nwhat price\n")
    with engine_server(
        lambda _number, _request: Reply(401, {"error": {"message": "no"}})
    ) as server:
        (tmp_path / "coverage.toml").write_text(SETTINGS.format(url=server.url))
        status, output = call(monkeypatch, capsys, "ask", "coverage.toml")
    assert status == 1
    assert "PERPLEXITY_API_KEY" in output
    assert len(server.asked) == 1


def test_a_wave_that_breaks_off_is_booked_all_the_same(monkeypatch, capsys, tmp_path):
    (tmp_path / "panel.csv").write_text("query\nwhich bike\nwhat price\n")
    with engine_server() as server:
        (tmp_path / "coverage.toml").write_text(SETTINGS.format(url=server.url))
        with monkeypatch.context() as patch:
            patch.setattr("coverage_kit.collect.panel.ask._engine_wave", break_off)
            assert call(patch, capsys, "ask", "coverage.toml")[0] == 130
        ledger = Ledger(tmp_path / "cache" / LEDGER, read_prices())
        assert list(ledger.read()["n_calls"]) == [4]
        # All were answered, so this is a new wave with a row of its own in the ledger.
        assert call(monkeypatch, capsys, "ask", "coverage.toml")[0] == 0
    assert list(ledger.read()["n_calls"]) == [4, 4]
    assert ledger.read()["run"].nunique() == 2


def break_off(*_):
    raise KeyboardInterrupt


def test_costs_without_a_ledger_say_what_to_do(monkeypatch, capsys, tmp_path):
    (tmp_path / "coverage.toml").write_text(SETTINGS.format(url="http://127.0.0.1:1"))
    status, output = call(monkeypatch, capsys, "costs", "coverage.toml")
    assert status == 2
    assert "none yet" in output


def test_the_cache_is_listed_and_pruned_but_for_what_nothing_can_make_again(
    monkeypatch, capsys, tmp_path
):
    (tmp_path / "coverage.toml").write_text(SETTINGS.format(url="http://127.0.0.1:1"))
    cache = tmp_path / "cache"
    CachedEncoder(WordEncoder(), cache / "vectors.sqlite", is_quiet=True).encode(["a", "b"])
    Store(cache / "found" / "matches").put("a" * 24, {}, {"table": bytes(2000)})
    Store(cache / "history").put("b" * 24, {}, {"runs": b"once"})
    (cache / LEDGER).write_text("{}\n")
    status, output = call(monkeypatch, capsys, "cache", "coverage.toml")
    assert status == 0
    cells = {line[:17].strip(): line[17:].split() for line in output.splitlines()[1:]}
    assert cells["results"][:3] == ["1", "2.14", "kB"]
    assert cells["vectors"][0] == "2"
    assert cells["history"][0] == "1" and cells["history"][-2:] == ["keeps", "it"]
    next((cache / "found/matches").glob("*.table")).write_bytes(b"damaged")
    assert "1 removed." in call(monkeypatch, capsys, "cache", "coverage.toml", "--prune")[1]
    assert list((cache / "found/matches").iterdir()) == []
    assert "2 removed." in call(monkeypatch, capsys, "cache", "--prune", "--all")[1]
    left = [path.name for path in sorted(cache.rglob("*")) if path.is_file()]
    assert left == [LEDGER, *(name for name in left if name.startswith("bb"))]
    assert len(left) == 3
    status, output = call(monkeypatch, capsys, "cache", "--all")
    assert status == 2 and "Add --prune" in output
