"""Questions of a sample, one on the screen: does your site answer it? Keys 1 to 4 choose."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anywidget
import pandas as pd
import traitlets

from coverage_kit.analysis import Analysis
from coverage_kit.report.joined import describe_passages
from coverage_kit.report.texts import clean_text, safe_url, shorten, shorten_lines
from coverage_kit.report.widgets.check_session import CheckedQuestion, CheckSession, Save
from coverage_kit.report.wording import CHOICE_MEANINGS, count
from coverage_kit.vocabulary import CHOICES

_FOLDER = Path(__file__).parent
# Passages beside a question; more are rarely read. Assumed.
_N_PASSAGES = 3
# Characters of a passage and of its heading path: the longest that somebody reads for one question.
# Assumed.
_PASSAGE_CHARACTERS = 2_000
_HEADING_CHARACTERS = 200
# A word that a larger share of the sample's passages holds says nothing of one. Assumed.
_COMMON = 0.2
# Characters of the shortest word and of the shortest number that are marked in passages: shorter
# ones are met everywhere. Assumed.
_SHORTEST_WORD = 4
_SHORTEST_NUMBER = 2
_WORD = re.compile(r"\w+")
_HINT = (
    "Keys: 1 to 4 choose and show the next question. u or Backspace takes the last choice back. "
    "← and → move. n writes a note; Enter ends it. Every choice is saved at once."
)


class QuestionChecker(anywidget.AnyWidget):
    """A sample of questions to check, one on the screen.

    Args:
        analysis: the run, whose nearest passages are shown.
        rows: the sample, as a file of checks holds it: query_id (each once), question, choice,
            note, `passage 1`, `link 1` and so on; one row at least.
        save: writes changed questions, by query_id; raises CoverageKitError where it cannot.
        advice: what to do when every question is checked.

    Attributes:
        session: where the person is, and what is chosen.
        shown: what the notebook shows, as plain values.
    """

    _esm = (_FOLDER / "checks.js").read_text(encoding="utf-8")
    _css = (_FOLDER / "checks.css").read_text(encoding="utf-8")
    shown = traitlets.Dict().tag(sync=True)

    def __init__(
        self, analysis: Analysis, rows: pd.DataFrame, save: Save, advice: str = ""
    ) -> None:
        self.session = CheckSession(
            [
                CheckedQuestion(row["query_id"], row["question"], row["choice"], row["note"])
                for row in rows.to_dict("records")
            ],
            save,
        )
        self._passages = list_passages(analysis, rows)
        self._advice = advice
        self._n_shown = 0
        super().__init__(shown=self._describe())
        self.on_msg(self._receive)

    def _receive(self, _: Any, message: Any, __: Any) -> None:
        """Do what a person did in the notebook; a message that nobody sends changes nothing."""
        if not isinstance(message, dict):
            return
        query_id = str(message.get("query_id", ""))
        match message:
            case {"act": "choose", "choice": choice, "note": note}:
                self.session.choose(query_id, str(choice), str(note))
            case {"act": "note", "note": note}:
                self.session.write_note(query_id, str(note))
            case {"act": "undo"}:
                self.session.undo()
            case {"act": "move", "step": int(step)}:
                self.session.move(step)
        self.shown = self._describe()

    def _describe(self) -> dict[str, Any]:
        session = self.session
        # The number makes every answer of the kernel differ, so that the notebook hears of each.
        self._n_shown += 1
        return {
            "number": self._n_shown,
            "query_id": session.question.query_id,
            "text": clean_text(session.question.text),
            "choice": session.question.choice,
            "note": session.question.note,
            "passages": self._passages.get(session.question.query_id, []),
            "choices": [{"name": name, "meaning": CHOICE_MEANINGS[name]} for name in CHOICES],
            "position": session.position,
            "n_questions": session.n_questions,
            "n_checked": session.n_checked,
            "can_undo": session.can_undo,
            "progress": describe_progress(session),
            "failure": session.failure
            and f"Not saved: {session.failure} It is tried again with the next key.",
            "done": describe_choices(session.count_choices(), self._advice)
            if session.n_checked == session.n_questions
            else "",
            "hint": _HINT,
        }


def describe_progress(session: CheckSession) -> str:
    """Return how far a person is, and about how long the rest takes."""
    done = f"{session.n_checked} of {session.n_questions}"
    minutes = round(session.estimate_minutes())
    if session.n_checked == session.n_questions:
        return f"{done}: all are checked"
    if minutes < 1:
        return f"{done}, less than a minute left"
    return f"{done}, about {count(minutes, 'minute')} left"


def describe_choices(counts: Mapping[str, int], advice: str = "") -> str:
    """Return in words how many questions have each choice.

    >>> describe_choices({"answered": 2, "partly": 0, "not answered": 1, "not our subject": 0})
    'All 3 questions are checked: 2 answered, 0 partly, 1 not answered, 0 not our subject.'
    """
    listed = ", ".join(f"{n} {name}" for name, n in counts.items())
    all_checked = f"All {count(sum(counts.values()), 'question')} are checked: {listed}."
    return f"{all_checked} {advice}".strip()


def list_passages(analysis: Analysis, rows: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Return the nearest passages of your site to each question, by query_id, nearest first.

    Each has its heading path, its link (None where it is no web address) and its text in parts, of
    which those are marked that are words of the question. A question that the run does not hold has
    those that the file gives it.
    """
    own = analysis.matches[analysis.matches["site"] == analysis.about.own_site]
    own = own[(own["rank"] <= _N_PASSAGES) & own["query_id"].isin(rows["query_id"])]
    own = own.sort_values("rank")[["query_id", "passage_id"]]
    own = own.join(describe_passages(analysis), on="passage_id")
    nearest = {str(name): found for name, found in own.groupby("query_id")}
    cells = {
        row["query_id"]: nearest[row["query_id"]].to_dict("records")
        if row["query_id"] in nearest
        else _read_cells(row)
        for row in rows.to_dict("records")
    }
    texts = [str(passage["text"]) for passages in cells.values() for passage in passages]
    n_holding = Counter(stem for text in texts for stem in set(_list_stems(text)))
    most = max(1, _COMMON * len(texts))
    shown: dict[str, list[dict[str, Any]]] = {}
    for query_id, question in zip(rows["query_id"], rows["question"], strict=True):
        stems = {stem for stem in _list_stems(question) if n_holding[stem] <= most}
        shown[query_id] = [
            {
                "heading": shorten(passage["heading"], _HEADING_CHARACTERS),
                "url": safe_url(passage["url"]),
                "parts": mark_words(shorten_lines(passage["text"], _PASSAGE_CHARACTERS), stems),
            }
            for passage in cells[query_id]
        ]
    return shown


def _read_cells(row: dict[Any, Any]) -> list[dict[Any, Any]]:
    """Return the passages that a row of the file holds, whose text starts with its headings."""
    numbers = range(1, _N_PASSAGES + 1)
    links = {number: row.get(f"link {number}", "") for number in numbers}
    return [
        {"heading": links[number] or f"Passage {number}", "url": links[number], "text": text}
        for number in numbers
        if (text := row.get(f"passage {number}", ""))
    ]


def mark_words(text: str, stems: set[str]) -> list[tuple[str, bool]]:
    """Return a text in parts, with whether each is a word of one of the stems.

    >>> mark_words("Two brakes.", {"brake"})
    [('Two ', False), ('brakes', True), ('.', False)]
    """
    parts: list[tuple[str, bool]] = []
    end = 0
    for word in _WORD.finditer(text):
        if _stem(word[0].casefold()) in stems:
            parts += [(text[end : word.start()], False), (word[0], True)]
            end = word.end()
    parts.append((text[end:], False))
    return [part for part in parts if part[0]]


def _list_stems(text: str) -> list[str]:
    """Return the words that may be marked, in the form in which they are compared."""
    words = (word.casefold() for word in _WORD.findall(text))
    return [_stem(word) for word in words if len(word) >= _shortest(word)]


def _shortest(word: str) -> int:
    has_digit = any(letter.isdigit() for letter in word)
    return _SHORTEST_NUMBER if has_digit else _SHORTEST_WORD


def _stem(word: str) -> str:
    """Return what an English word shares with its plural; other words are compared as they are."""
    return word[:-1] if len(word) >= _SHORTEST_WORD and word.endswith("s") else word
