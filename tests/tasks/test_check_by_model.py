"""A run's questions checked by a scripted model behind a real server."""

import hashlib
import json
import os
import signal
from collections import Counter

import pytest

from coverage_kit.analysis import load_analysis, save_analysis
from coverage_kit.collect.missing_items import missing_items_path, read_missing_items
from coverage_kit.collect.question_checks import read_checks_file, read_question_checks
from coverage_kit.errors import SettingsError
from coverage_kit.llm.costs import LEDGER, Ledger, read_prices
from coverage_kit.match.judge_correction import correct_judge
from coverage_kit.settings import Settings
from coverage_kit.tasks.check_by_model import check_by_model, list_questions
from coverage_kit.tasks.sample import draw_sample, save_choices
from coverage_kit.vocabulary import CHOICE_VALUES, PERSON
from tests.answer_checking import NEEDS, checking_model, part_of
from tests.chat_server import KEY, Reply, chat_server
from tests.commands.test_app import call

MODEL = "gpt-4.1-nano"  # has a price


@pytest.fixture(autouse=True)
def _in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.fixture
def path(tmp_path, sample_analysis):
    """A file of 20 drawn questions, of which people checked the last 8."""
    file = tmp_path / "checks.csv"
    drawn = draw_sample(sample_analysis, file, 20).table
    save_choices(file, dict.fromkeys(drawn["query_id"].tail(8), "answered"))
    return file


def settings(chat, **judge):
    judge = {"model": MODEL, "base_url": chat.base_url} | judge
    return Settings.model_validate({"cache": "cache", "site": {"source": "site"}, "judge": judge})


def check(analysis, chat, path, is_confirmed=True, **judge):
    return check_by_model(analysis, settings(chat, **judge), path, is_confirmed=is_confirmed)


def checks_of(path, analysis, checker=MODEL):
    table = read_question_checks(path, analysis.queries).table
    return table[table["checked_by"] == checker].set_index("query_id")


def asked_questions(chat):
    return list(dict.fromkeys(part_of(body, "QUESTION") for body in chat.asked))


def alternate(question):
    """Decide by a question's text: each choice for a quarter of the questions."""
    choices = ("answered", "partly", "not answered", "not our subject")
    return choices[sum(map(ord, question)) % 4]


# About 30 questions: a request costs some 600 to 1,500 tokens, of which 1,000 are set aside.
SOME = {"max_tokens": 60_000}


def test_nothing_is_sent_until_the_price_is_accepted(sample_analysis, path):
    before = path.read_bytes()
    with chat_server(checking_model(alternate)) as chat:
        said = check(sample_analysis, chat, path, is_confirmed=False, **SOME)
        assert not chat.asked
    assert f"of {len(sample_analysis.queries)} questions" in said
    assert "USD" in said
    assert "add --yes" in said
    assert path.read_bytes() == before
    assert not list(path.parent.glob("*missing*"))


def test_drawn_questions_come_first_and_of_these_the_ones_that_people_checked(
    sample_analysis, path
):
    people = checks_of(path, sample_analysis, PERSON)
    questions = list_questions(
        sample_analysis, read_question_checks(path, sample_analysis.queries).table
    )
    ids = [question.query_id for question in questions]
    assert set(ids[:8]) == set(people[people["choice"].notna()].index)
    assert set(ids[:20]) == set(people.index)
    assert sorted(ids) == sorted(sample_analysis.queries["query_id"])
    assert all(0 < len(question.passages) <= 6 for question in questions)
    assert {question.probability for question in questions[20:]} == {None}


def test_verdicts_are_rows_beside_those_of_people_and_what_is_missing_is_kept(
    sample_analysis, path
):
    before = checks_of(path, sample_analysis, PERSON)
    with chat_server(checking_model(alternate)) as chat:
        said = check(sample_analysis, chat, path, **SOME)
    assert checks_of(path, sample_analysis, PERSON).equals(before)
    verdicts = checks_of(path, sample_analysis)
    assert set(before.index) < set(verdicts.index)
    assert all(alternate(row.text) == row.choice for row in verdicts.itertuples())
    both = verdicts.loc[before.index]
    assert (both["probability"] == before["probability"]).all()
    further = verdicts.drop(before.index)
    n_others = len(sample_analysis.queries) - 20
    assert further["probability"].tolist() == pytest.approx(
        [len(further) / n_others] * len(further)
    )
    assert set(further["draw"]) == {2}
    lacking = verdicts[verdicts["choice"].isin(["partly", "not answered"])]
    missing = read_missing_items(missing_items_path(path), sample_analysis.queries)
    n_missing = missing.groupby("query_id").size()
    expected = lacking["choice"].map({"partly": 1, "not answered": 2})
    assert n_missing.to_dict() == expected.to_dict()
    assert set(missing["item"]) == set(NEEDS)
    n_same = int((both["choice"] == before["choice"]).sum())
    assert f"A person checked 8 of them too, and made the same choice for {n_same}." in said
    assert "shown and not used. A person checked 8 of the questions" in said
    assert f"{MODEL} checked {len(verdicts)} questions" in said


def test_the_budget_holds_and_a_larger_one_reaches_the_same_questions_and_more(
    sample_analysis, path
):
    with chat_server(checking_model(alternate, usage=(900, 100))) as chat:
        said = check(sample_analysis, chat, path, max_tokens=30_000)
        first = asked_questions(chat)
        assert "at most 30000 tokens" in said
        assert len(chat.asked) * 1_000 <= 30_000
        n_first = len(chat.asked)
        check(sample_analysis, chat, path, max_tokens=30_000)
        assert len(chat.asked) <= n_first + 30
        assert asked_questions(chat)[: len(first)] == first
        again = asked_questions(chat)
    # The last question of the first run had only its first step: it is not asked again.
    assert len(chat.asked) in (2 * len(again), 2 * len(again) - 1)
    verdicts = checks_of(path, sample_analysis)
    further = verdicts[verdicts["draw"] == 2]
    assert len(further) == len(verdicts) - 20 > 0
    assert further["probability"].nunique() == 1  # also of those that the first run reached


def test_a_budget_too_small_for_a_single_question_changes_nothing(sample_analysis, path):
    before = path.read_bytes()
    with chat_server(checking_model(alternate)) as chat:
        said = check(sample_analysis, chat, path, max_tokens=500)
        assert not chat.asked
        dry = check(sample_analysis, chat, path, is_confirmed=False, max_tokens=500)
    assert "checked 0 questions" in said
    assert "at most 500 tokens" in said
    assert "would check 0 of" in dry
    assert path.read_bytes() == before


def test_after_ctrl_c_the_cost_is_booked_and_the_same_call_goes_on(sample_analysis, path, tmp_path):
    model = checking_model(alternate, usage=(900, 100))
    before = path.read_bytes()

    def interrupted(number, body):
        if number == 10:
            os.kill(os.getpid(), signal.SIGINT)
        return model(number, body)

    # a shell that starts tests in the background has them ignore the signal
    signal.signal(signal.SIGINT, signal.default_int_handler)
    ledger = Ledger(tmp_path / "cache" / LEDGER, read_prices())
    with chat_server(interrupted) as chat:
        with pytest.raises(KeyboardInterrupt):
            check(sample_analysis, chat, path, **SOME)
        assert path.read_bytes() == before
        assert ledger.read()["task"].tolist() == ["check"]
        n_asked = len(chat.asked)
        assert ledger.read()["n_calls"].iloc[0] in (n_asked - 1, n_asked)
        check(sample_analysis, chat, path, **SOME)
        n_steps = Counter(
            (part_of(body, "QUESTION"), bool(part_of(body, "ITEMS"))) for body in chat.asked
        )
    # Only the request that was under way is sent again.
    assert sum(n_steps.values()) - len(n_steps) <= 1
    assert len(checks_of(path, sample_analysis)) > n_asked


def test_what_is_stored_is_not_paid_for_again_and_rows_do_not_repeat(
    sample_analysis, path, tmp_path
):
    with chat_server(checking_model(alternate, usage=(900, 100))) as chat:
        check(sample_analysis, chat, path, max_tokens=50_000)
        n_asked = len(chat.asked)
        rows = read_checks_file(path)
        check(sample_analysis, chat, path, max_tokens=1)
        assert len(chat.asked) == n_asked
        assert read_checks_file(path).equals(rows)
    booked = Ledger(tmp_path / "cache" / LEDGER, read_prices()).read()
    assert booked["n_calls"].tolist() == [n_asked, 0]
    assert booked["money"].iloc[0] == pytest.approx(n_asked * (900 * 0.1 + 100 * 0.4) / 1e6)
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert not [file for file in files if KEY.encode() in file.read_bytes()]


def is_odd(body):
    return len(part_of(body, "QUESTION")) % 2 == 1


def test_broken_replies_are_counted_and_said_and_never_guessed(sample_analysis, path):
    model = checking_model(alternate)

    def broken(number, body):
        is_broken = part_of(body, "ITEMS") and is_odd(body)
        return Reply(text='{"items": [answered') if is_broken else model(number, body)

    with chat_server(broken) as chat:
        said = check(sample_analysis, chat, path, **SOME)
    second_steps = [body for body in chat.asked if part_of(body, "ITEMS")]
    n_broken = len({part_of(body, "QUESTION") for body in second_steps if is_odd(body)})
    verdicts = checks_of(path, sample_analysis)
    assert n_broken
    assert all(len(text) % 2 == 0 for text in verdicts["text"])
    assert f"{n_broken} questions have no verdict. The first reason: no JSON" in said


def test_quotes_that_occur_in_no_passage_make_no_answer(sample_analysis, path):
    def inventing(number, body):
        if not part_of(body, "ITEMS"):
            return Reply(text=json.dumps({"needs": NEEDS}))
        items = [{"item": n, "quote": "Of course the site states exactly that."} for n in (1, 2)]
        return Reply(text=json.dumps({"is_our_subject": True, "items": items}))

    with chat_server(inventing) as chat:
        said = check(sample_analysis, chat, path, **SOME)
    verdicts = checks_of(path, sample_analysis)
    assert Counter(verdicts["choice"]) == {"not answered": len(verdicts)}
    assert f"{2 * len(verdicts)} of its quotes occur in no passage" in said


def test_an_endpoint_that_is_down_ends_the_work_after_a_few_failures(
    sample_analysis, path, monkeypatch
):
    before = path.read_bytes()
    with chat_server(lambda number, body: Reply(status=401, text="no")) as chat:
        said = check(sample_analysis, chat, path)
        assert len(chat.asked) == 5
    assert "5 failures in a row" in said
    assert KEY not in said
    assert path.read_bytes() == before


def share_of(text, salt):
    """Return a number from 0 to 1 that depends on a text alone."""
    return int(hashlib.sha256(f"{salt}{text}".encode()).hexdigest()[:8], 16) / 16**8


def is_planted(question):
    """Return whether a planted site answers a question: six of ten are answered."""
    return share_of(question, "site") < 0.6


def right_in_80_of_100(question):
    is_right = share_of(question, "model") < 0.8
    return "answered" if is_planted(question) == is_right else "not answered"


@pytest.fixture
def checked(tmp_path, sample_analysis):
    """A file of 60 drawn questions, all checked by a person who knows what is planted."""
    file = tmp_path / "checks.csv"
    drawn = draw_sample(sample_analysis, file, 60).table
    save_choices(
        file,
        {
            row.query_id: "answered" if is_planted(row.text) else "not answered"
            for row in drawn.itertuples()
        },
    )
    return file


def corrected(path, analysis):
    """Return the correction of the model's verdicts by those of the person."""
    verdicts = checks_of(path, analysis)["choice"].map(CHOICE_VALUES)
    people = checks_of(path, analysis, PERSON)["choice"].map(CHOICE_VALUES)
    both = verdicts[people.index]
    return correct_judge(*(values.to_numpy(float) for values in (verdicts, both, people)))


def test_a_model_that_is_80_percent_right_gives_an_interval_that_holds_the_truth(
    sample_analysis, checked
):
    with chat_server(checking_model(right_in_80_of_100)) as chat:
        said = check(sample_analysis, chat, checked, max_tokens=0, max_money=0)
    found = corrected(checked, sample_analysis)
    is_open = ~sample_analysis.queries["text"].map(is_planted)
    assert found.is_used
    assert found.n_judged == len(sample_analysis.queries)
    assert 0.7 < found.sensitivity < 0.9
    assert 0.7 < found.specificity < 0.9
    assert found.low <= is_open.mean() <= found.high
    assert f"({found.low:.0%} to {found.high:.0%})" in said


def test_a_model_that_always_says_answered_is_found_out_and_not_used(sample_analysis, checked):
    with chat_server(checking_model(lambda question: "answered")) as chat:
        said = check(sample_analysis, chat, checked, max_tokens=200_000)
    found = corrected(checked, sample_analysis)
    assert found.n_both == 60
    assert not found.is_used
    assert "shown and not used. The model's verdicts hardly depend" in said


@pytest.mark.parametrize("model", ["", "person"])
def test_without_a_model_or_with_the_name_of_people_nothing_is_checked(
    sample_analysis, path, model
):
    with chat_server(lambda number, body: Reply()) as chat:
        with pytest.raises(SettingsError, match=r"judge\.model"):
            check(sample_analysis, chat, path, model=model, max_money=0)
        assert not chat.asked


def test_the_command_draws_says_the_price_and_checks(
    monkeypatch, capsys, tmp_path, sample_analysis
):
    run = save_analysis(sample_analysis, tmp_path / "run")
    with chat_server(checking_model(alternate)) as chat:
        file = tmp_path / "coverage.toml"
        file.write_text(
            f'cache = "cache"\n[site]\nsource = "site"\n[checks]\npath = "checks.csv"\n'
            f'[judge]\nmodel = "{MODEL}"\nbase_url = "{chat.base_url}"\nmax_tokens = 60000\n'
        )
        command = ("sample", run, "--n", 10, "--out", "checks.csv", "--judge", "--settings", file)
        status, output = call(monkeypatch, capsys, *command)
        assert (status, chat.asked) == (0, []), output
        assert "Nothing was sent" in output
        status, output = call(monkeypatch, capsys, *command, "--yes")
        assert status == 0, output
    assert f"{MODEL} checked" in output
    table = read_question_checks(tmp_path / "checks.csv", load_analysis(run).queries).table
    assert len(table[table["checked_by"] == PERSON]) == 10
    assert len(table[table["checked_by"] == MODEL]) > 10
