"""Prices, budgets and the ledger: hand-computed sums, caps that hold, lines that are complete."""

import json
import threading

import pytest

from coverage_kit.errors import BudgetError, RunError, SettingsError
from coverage_kit.llm.costs import (
    Budget,
    Ledger,
    Price,
    Prices,
    count_tokens,
    read_prices,
    sum_costs,
)
from coverage_kit.usage import Spent

PRICES = Prices(
    currency="EUR",
    models={
        "small*": Price(input=1.0, output=4.0),
        "small-plus": Price(input=2.0, output=8.0, search=10.0, call=5.0),
        "minilm*": Price(hour=0.36),
    },
)
ONE = Spent(n_calls=1, n_input_tokens=1000, n_output_tokens=500)


def test_a_price_is_that_of_tokens_searches_calls_and_hours():
    assert PRICES.price("small-2", ONE) == pytest.approx(0.001 + 0.002)
    searched = Spent(n_calls=2, n_input_tokens=1000, n_output_tokens=500, n_searches=3)
    assert PRICES.price("small-plus", searched) == pytest.approx(0.002 + 0.004 + 0.03 + 0.01)
    assert PRICES.price("minilm@abc", Spent(seconds=100.0)) == pytest.approx(0.01)


def test_the_longest_name_that_fits_counts_and_a_model_without_one_has_no_price():
    assert PRICES.find("small-plus").input == 2.0
    assert PRICES.find("SMALL-2").input == 1.0
    assert PRICES.price("large", ONE) is None


def test_the_shipped_table_can_be_read_and_its_names_are_distinguished():
    prices = read_prices()
    assert prices.currency == "USD"
    assert prices.as_of
    assert prices.find("gpt-4o-mini-2024-07-18").input < prices.find("gpt-4o-2024-08-06").input
    assert prices.find("gpt-5-pro") is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("currency = ", "Invalid"),
        ('currency = "EUR"\n[models]\nx = {inptu = 1}', "inptu"),
        ("[models]", "currency"),
    ],
)
def test_a_table_that_cannot_be_read_is_an_error(tmp_path, text, problem):
    path = tmp_path / "prices.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=problem):
        read_prices(path)
    with pytest.raises(SettingsError, match=r"costs\.prices"):
        read_prices(tmp_path / "none.toml")


def test_what_is_set_aside_counts_until_it_is_settled():
    budget = Budget(PRICES, max_tokens=4000)
    budget.reserve("small", ONE)
    budget.reserve("small", ONE)
    with pytest.raises(BudgetError, match="at most 4000 tokens"):
        budget.reserve("small", ONE)
    budget.settle("small", ONE, Spent(n_calls=1, n_input_tokens=100))
    budget.reserve("small", ONE)
    assert budget.n_tokens == 100
    assert budget.money == pytest.approx(0.0001)


def test_money_is_capped_and_a_model_without_a_price_is_refused_beforehand():
    budget = Budget(PRICES, max_money=0.006)
    budget.reserve("small", ONE)
    budget.reserve("small", ONE)
    with pytest.raises(BudgetError, match=r"at most 0\.006 EUR"):
        budget.reserve("small", ONE)
    with pytest.raises(SettingsError, match="a price of 'large'"):
        budget.check_price("large")
    Budget(PRICES, max_tokens=5).check_price("large")


def test_the_cap_holds_between_threads():
    budget = Budget(PRICES, max_tokens=15_000)
    let_through = []

    def ask():
        for _ in range(50):
            try:
                budget.reserve("small", ONE)
            except BudgetError:
                continue
            let_through.append(1)
            budget.settle("small", ONE, ONE)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(let_through), budget.n_tokens) == (10, 15_000)


def test_tokens_are_rather_overestimated():
    assert count_tokens("") == 0
    assert count_tokens("How far does it go on one charge?") >= 9
    assert count_tokens("日本語") >= 3


def test_the_ledger_keeps_every_task_at_the_price_of_its_day_and_sums_them(tmp_path):
    path = tmp_path / "deep" / "costs.jsonl"
    assert Ledger(path, PRICES).read().empty
    assert sum_costs(Ledger(path, PRICES).read()).empty
    Ledger(path, PRICES).add("runs/a", "judge", "small", ONE)
    Ledger(path, PRICES).add("runs/b", "judge", "small", ONE)
    Ledger(path, PRICES).add(
        "runs/b", "embed", "minilm@1", Spent(n_calls=9, n_reused=4, seconds=1000.0)
    )
    Ledger(path, PRICES).add("runs/b", "ask", "large", ONE)
    dearer = Prices(currency="EUR", models={"small": Price(input=100.0)})
    assert list(Ledger(path, dearer).read()["money"].round(6))[:3] == [0.003, 0.003, 0.1]
    costs = sum_costs(Ledger(path, dearer).read())
    assert list(costs["task"]) == ["embed", "judge", "ask"]
    assert list(costs["run"]) == ["1 run", "2 runs", "1 run"]
    assert costs.set_index("task").loc["judge", "n_input_tokens"] == 2000
    assert costs.set_index("task")["money"].isna().to_dict() == {
        "embed": False,
        "judge": False,
        "ask": True,
    }


def test_a_line_that_is_no_row_of_a_ledger_is_left_out_with_a_warning(tmp_path, caplog):
    path = tmp_path / "costs.jsonl"
    Ledger(path, PRICES).add("a", "judge", "small", ONE)
    path.write_text(path.read_text() + json.dumps({"at": "x"}) + "\n")
    Ledger(path, PRICES).add("b", "judge", "small", ONE)
    assert list(Ledger(path, PRICES).read()["run"]) == ["a", "b"]
    assert "1 damaged lines are left out" in caplog.text


@pytest.mark.parametrize("torn", [b'{"at": "2026-11-0', b'{"run": "caf\xc3'])
def test_a_row_that_a_kill_tore_is_passed_over_and_the_next_one_gets_a_line_of_its_own(
    tmp_path, torn
):
    ledger = Ledger(tmp_path / "costs.jsonl", PRICES)
    ledger.add("a", "judge", "small", ONE)
    ledger.path.write_bytes(ledger.path.read_bytes() + torn)
    assert list(ledger.read()["run"]) == ["a"]
    ledger.add("b", "judge", "small", ONE)
    assert list(ledger.read()["run"]) == ["a", "b"]


def test_a_row_without_an_end_counts_and_is_ended(tmp_path):
    ledger = Ledger(tmp_path / "costs.jsonl", PRICES)
    ledger.add("a", "judge", "small", ONE)
    ledger.path.write_bytes(ledger.path.read_bytes().rstrip())
    assert list(ledger.read()["run"]) == ["a"]
    ledger.add("b\u2028c", "judge", "small", ONE)
    assert list(ledger.read()["run"]) == ["a", "b\u2028c"]


def test_a_damaged_line_is_left_out_and_a_ledger_that_is_no_file_is_an_error(tmp_path, caplog):
    path = tmp_path / "costs.jsonl"
    path.write_bytes("\n".join(["é", ""]).encode("latin-1"))
    assert Ledger(path, PRICES).read().empty
    assert "1 damaged lines are left out" in caplog.text
    with pytest.raises(RunError, match="a ledger that can be read"):
        Ledger(tmp_path, PRICES).read()


def test_what_a_run_has_cost_beyond_the_ledger_is_booked_once(tmp_path):
    ledger = Ledger(tmp_path / "costs.jsonl", PRICES)
    ledger.settle("wave", "ask", {"small": ONE})
    ledger.settle("wave", "ask", {"small": ONE})
    ledger.settle("wave", "ask", {"small": ONE + ONE, "large": ONE})
    ledger.settle("other", "ask", {"small": ONE})
    rows = ledger.read()
    assert list(zip(rows["run"], rows["model"], rows["n_input_tokens"], strict=True)) == [
        ("wave", "small", 1000),
        ("wave", "small", 1000),
        ("wave", "large", 1000),
        ("other", "small", 1000),
    ]
