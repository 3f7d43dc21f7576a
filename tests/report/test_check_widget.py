"""Checking questions in a notebook, without a browser: the session, and what the widget shows."""

import pandas as pd
import pytest

from coverage_kit.errors import SchemaError
from coverage_kit.report.texts import clean_text, safe_url, shorten
from coverage_kit.report.widgets.check_session import CheckedQuestion, CheckSession
from coverage_kit.report.widgets.checks import (
    QuestionChecker,
    describe_progress,
    list_passages,
    mark_words,
)


class Clock:
    """A clock that a test sets forward."""

    now = 0.0

    def __call__(self):
        return self.now


class Disk:
    """What a session saved, by query_id; `is_full` makes it refuse."""

    def __init__(self):
        self.choices = {}
        self.notes = {}
        self.n_writes = 0
        self.is_full = False

    def __call__(self, changed):
        if self.is_full:
            raise SchemaError("checks.csv", "a file that can be written", "a full disk", "Free it.")
        self.n_writes += 1
        self.choices |= {query_id: question.choice for query_id, question in changed.items()}
        self.notes |= {query_id: question.note for query_id, question in changed.items()}


def start(choices=("", "", "", ""), clock=None, disk=None):
    questions = [
        CheckedQuestion(f"q{number}", f"question {number}?", choice)
        for number, choice in enumerate(choices)
    ]
    disk = disk or Disk()
    return CheckSession(questions, disk, clock or Clock()), disk


def test_a_choice_is_saved_at_once_and_the_next_question_is_shown():
    session, disk = start()
    session.choose("q0", "partly", "half of it")
    assert (disk.choices, disk.notes) == ({"q0": "partly"}, {"q0": "half of it"})
    assert session.question.query_id == "q1"
    assert (session.n_checked, session.n_questions) == (1, 4)


def test_a_sample_goes_on_at_its_first_unchecked_question():
    assert start(("answered", "partly", "", ""))[0].position == 2
    assert start(("", "partly", "", ""))[0].position == 0
    assert start(("answered", "", "partly", "answered"))[0].position == 1


def test_after_the_last_question_those_that_were_passed_over_are_shown():
    session, _ = start()
    session.move(3)
    session.choose("q3", "answered")
    assert session.question.query_id == "q0"
    for number in range(3):
        session.choose(f"q{number}", "answered")
    assert session.n_checked == 4
    assert session.question.query_id == "q2"


def test_undo_takes_back_the_last_choices_one_by_one_and_shows_their_questions():
    session, disk = start(("", "answered", ""))
    session.move(1)
    session.choose("q1", "not answered")
    session.choose("q2", "partly")
    session.undo()
    assert (session.question.query_id, disk.choices["q2"]) == ("q2", "")
    session.undo()
    assert (session.question.query_id, disk.choices["q1"]) == ("q1", "answered")
    assert not session.can_undo
    before = disk.n_writes
    session.undo()
    assert disk.n_writes == before


def test_moving_stops_at_both_ends_and_saves_nothing():
    session, disk = start()
    session.move(-1)
    assert session.position == 0
    session.move(9)
    assert session.position == 3
    assert disk.n_writes == 0


def test_a_note_is_saved_without_a_choice_and_outlives_undo():
    session, disk = start()
    session.write_note("q0", "see /help")
    assert (disk.notes["q0"], disk.choices["q0"], session.position) == ("see /help", "", 0)
    session.choose("q0", "answered")
    session.undo()
    assert (session.question.note, session.question.choice) == ("see /help", "")


def test_what_the_sample_does_not_know_changes_nothing():
    session, disk = start()
    session.choose("q0", "maybe")
    session.choose("q9", "partly")
    session.write_note("q9", "lost")
    assert (session.position, session.n_checked, disk.n_writes) == (0, 0, 0)


def test_what_cannot_be_saved_is_shown_and_saved_with_the_next_change():
    disk = Disk()
    session, _ = start(disk=disk)
    disk.is_full = True
    session.choose("q0", "answered")
    assert "a full disk" in session.failure
    assert session.n_checked == 1
    disk.is_full = False
    session.choose("q1", "partly")
    assert disk.choices == {"q0": "answered", "q1": "partly"}
    assert session.failure == ""


def test_the_time_left_follows_the_speed_and_leaves_pauses_out():
    clock = Clock()
    session, _ = start([""] * 50, clock)
    assert describe_progress(session) == "0 of 50, about 15 minutes left"
    clock.now += 3_600
    session.choose("q0", "answered")
    for number in range(1, 12):
        clock.now += 60
        session.choose(f"q{number}", "partly")
    assert describe_progress(session) == "12 of 50, about 38 minutes left"
    for number in range(12, 50):
        clock.now += 6
        session.choose(f"q{number}", "partly")
        if number == 48:
            assert describe_progress(session) == "49 of 50, less than a minute left"
    assert describe_progress(session) == "50 of 50: all are checked"


@pytest.fixture
def rows(analysis):
    """A question that the run does not hold and two that it does, as a file of checks."""
    queries = analysis.queries.head(2)
    known = pd.DataFrame({"query_id": queries["query_id"], "question": queries["text"]})
    other = {
        "query_id": "old",
        "question": "How do I bleed <b>brakes</b>?",
        "passage 1": "Help: Open the brake. <script>alert(1)</script>",
        "link 1": "https://www.example.com/brakes",
        "passage 2": "Ask us.",
        "link 2": "javascript:alert(1)",
    }
    frame = pd.concat([pd.DataFrame([other]), known], ignore_index=True)
    frame = frame.astype("object")
    return frame.where(frame.notna(), "").assign(choice="", note="")


@pytest.fixture
def disk():
    return Disk()


@pytest.fixture
def checker(analysis, rows, disk):
    return QuestionChecker(analysis, rows, disk, "Run again.")


def press(checker, **message):
    checker._handle_custom_msg({"query_id": checker.shown["query_id"], **message}, [])


def test_a_question_is_shown_with_its_nearest_passages_of_your_site(checker, analysis):
    press(checker, act="move", step=1)
    shown = checker.shown
    assert shown["text"] == clean_text(analysis.queries["text"].iloc[0])
    matches = analysis.matches[analysis.matches["query_id"] == shown["query_id"]]
    own = matches[matches["site"] == analysis.about.own_site].nsmallest(3, "rank")
    expected = analysis.passages.set_index("passage_id").loc[list(own["passage_id"])]
    headings = [passage["heading"] for passage in shown["passages"]]
    texts = ["".join(words for words, _ in passage["parts"]) for passage in shown["passages"]]
    assert headings == [shorten(path, 200) for path in expected["heading_path"]]
    assert texts == [clean_text(text).strip() for text in expected["text"]]
    urls = analysis.pages.set_index("page_id").loc[list(expected["page_id"]), "url"]
    assert [passage["url"] for passage in shown["passages"]] == [safe_url(url) for url in urls]


def test_a_question_that_the_run_does_not_hold_has_the_passages_of_its_file(checker):
    shown = checker.shown
    assert shown["text"] == "How do I bleed <b>brakes</b>?"
    first, second = shown["passages"]
    assert first["url"] == "https://www.example.com/brakes"
    assert [words for words, is_marked in first["parts"] if is_marked] == ["brake"]
    assert "".join(words for words, _ in first["parts"]).endswith("<script>alert(1)</script>")
    assert second["url"] is None


def test_keys_reach_the_file_and_the_end_says_what_the_checks_say(checker, disk):
    first, second, third = (checker.session._questions[i].query_id for i in range(3))
    press(checker, act="choose", choice="answered", note="all of it")
    press(checker, act="choose", choice="not our subject", note="")
    press(checker, act="choose", choice="answered", note="")
    assert disk.choices == {first: "answered", second: "not our subject", third: "answered"}
    assert disk.notes[first] == "all of it"
    assert checker.shown["done"] == (
        "All 3 questions are checked: 2 answered, 0 partly, 0 not answered, 1 not our subject. "
        "Run again."
    )
    press(checker, act="undo")
    assert (disk.choices[third], checker.shown["done"]) == ("", "")


@pytest.mark.parametrize(
    "message",
    ["text", {}, {"act": "choose"}, {"act": "move", "step": "far"}, {"act": "choose", "choice": 7}],
)
def test_messages_that_no_key_sends_change_nothing(checker, disk, message):
    checker._handle_custom_msg(message, [])
    assert (checker.shown["position"], disk.n_writes) == (0, 0)


def test_a_failure_to_save_is_shown(checker, disk):
    disk.is_full = True
    press(checker, act="choose", choice="answered", note="")
    assert checker.shown["failure"].startswith("Not saved: checks.csv")


def test_words_are_marked_in_a_text_without_a_loss():
    text = "Brakes, brake pads and brakeless bikes"
    parts = mark_words(text, {"brake"})
    assert "".join(words for words, _ in parts) == text
    assert [words for words, is_marked in parts if is_marked] == ["Brakes", "brake"]


def test_short_words_and_numbers_and_words_of_most_passages_are_not_marked(analysis):
    texts = [f"Your bike costs {price} or 2 more, with the pump." for price in (45, 60, 70, 80)]
    rows = pd.DataFrame(
        {
            "query_id": list("abcd"),
            "question": ["Does your bike with 2 pumps cost 45?", *[""] * 3],
            "choice": "",
            "note": "",
            "passage 1": texts,
            "link 1": "",
        }
    )
    parts = list_passages(analysis, rows)["a"][0]["parts"]
    assert [words for words, is_marked in parts if is_marked] == ["45"]
