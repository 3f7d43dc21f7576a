"""An edit in the words of those who make it: what is done, where, and what to write."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from coverage_kit.analysis import Analysis
from coverage_kit.report.texts import clean_text, is_missing, shorten
from coverage_kit.report.wording import (
    EDIT_NAMES,
    amount,
    count,
    describe_operation,
    percent,
    times,
)
from coverage_kit.vocabulary import Action

Values = dict[str, Any]

# Gains that differ by less than this share are the same to a reader (assumed).
_SAME = 0.02
# A question that adds less than this share of an edit's gain is not listed (assumed).
_TOLD = 0.01
# A smaller rise shows no share of the times asked; a larger share is shown as all (assumed).
_LEAST_RISE = 0.01
_ALL = 0.95
# A question that brings at least this share of an edit's gain carries the edit (assumed).
_CARRIES = 0.75
# Citations per 100 answers that an edit has to add or take to be named (assumed).
_MIN_CITATIONS = 0.05
# Names of topics, pages and headings within a title (assumed: it stays a line or two), and words
# of your page around the edit.
_MAX_NAME = 120
_MAX_PLACE = 70
_MAX_WORDS = 200
# Below the page's title and its first heading come the headings that say where on a page one is.
_N_OF_PAGE = 2
# Where the edit is made on its page, by the action of its first change.
_PLACES: dict[Action, str] = {
    "insert_section": "After the section “{}”, as a heading of its own",
    "replace_heading": "The heading “{}”",
    "replace_title": "The title of the page",
}


def name_subject(row: Values) -> str:
    """Return the topic or question that an edit is about; empty where it has none.

    It is the heading that is to be there, or else the name of the gap that the edit serves.

    Args:
        row: an edit with title, label and operation.
    """
    title = shorten(row.get("title"), _MAX_NAME)
    return title or shorten(row.get("label"), _MAX_NAME)


def name_task(row: Values) -> str:
    """Return what an edit does, without its topic.

    >>> name_task({"operation": "reword_heading", "heading_path": "Beacon > Specification"})
    'New heading for “Specification”'

    Args:
        row: an edit with operation, heading_path, page_title and page_id.
    """
    operation = str(row["operation"])
    form = EDIT_NAMES.get(operation, f"{describe_operation(operation)}: {{place}}")
    headings = [part for part in clean_text(row.get("heading_path")).split(" > ") if part]
    page = shorten(row.get("page_title"), _MAX_PLACE) or shorten(
        headings[0] if headings else row.get("page_id"), _MAX_PLACE
    )
    # A new section is beside the one of this path, so that it is below the headings above that.
    above = headings[_N_OF_PAGE:-1]
    section = " > ".join([page, *(shorten(heading, _MAX_PLACE) for heading in above)])
    place = shorten(headings[-1], _MAX_PLACE) if headings else page
    return form.format(place=f"“{place}”", section=f"“{section}”")


def name_edit(row: Values) -> str:
    """Return what an edit does, and for which topic, in a line.

    >>> name_edit({"operation": "add_page", "title": "Carrying a dog", "part": "1 of 2"})
    'New page: Carrying a dog (part 1 of 2)'

    Args:
        row: an edit with operation, title, part, label, heading_path and page_title.
    """
    subject = name_subject(row)
    part = shorten(row.get("part"), _MAX_PLACE)
    topic = f": {subject}" if subject else ""
    return f"{name_task(row)}{topic}{f' (part {part})' if part else ''}"


def list_name(row: Values) -> str:
    """Return an edit for a list: its topic first, then what is done.

    >>> list_name({"operation": "add_page", "title": "Carrying a dog"})
    'Carrying a dog: new page'
    >>> list_name({"operation": "add_page", "title": "Can I carry a dog?"})
    'Can I carry a dog? New page'
    """
    subject, task = name_subject(row), name_task(row)
    part = f" (part {shorten(row['part'], _MAX_PLACE)})" if clean_text(row.get("part")) else ""
    if not subject:
        return f"{task}{part}"
    if subject[-1] in "?!.…":
        return f"{subject} {task}{part}"
    return f"{subject}: {task[0].lower()}{task[1:]}{part}"


def split_address(page_id: str) -> tuple[str, str]:
    """Return the folder and the last part of a page's id.

    >>> split_address("shop.example/guides/dogs.html"), split_address("shop.example/dogs/")
    (('shop.example/guides/', 'dogs.html'), ('shop.example/', 'dogs'))
    """
    folder, _, slug = page_id.rstrip("/").rpartition("/")
    return f"{folder}/", slug


def propose_url(page_id: str, url: str | None) -> str | None:
    """Return the address of a new page, from that of another page of the site.

    >>> propose_url("shop.example/dogs", "https://www.shop.example/cats")
    'https://www.shop.example/dogs'
    """
    if not url:
        return None
    split = urlsplit(url)
    return f"{split.scheme}://{split.netloc}/{page_id.partition('/')[2]}"


def describe_place(where: Values) -> str:
    """Return where on its page an edit is made, in a sentence.

    Args:
        where: as `list_records` has it, with folder and slug for a new page, or section and words
            around the edit.
    """
    if where["is_new_page"]:
        return f"Folder {where['folder']}, slug {where['slug']}."
    form = _PLACES.get(where["action"], "In the section “{}”")
    section = shorten(where["section"], _MAX_NAME)
    place = form.format(section) if section else "The page as a whole"
    around = describe_around(where["words_before"], where["words_after"])
    return f"{place}{f', {around}' if around else ''}."


def describe_links(where: Values) -> str:
    """Return which pages should link to the new text; empty where none are named."""
    titles = [
        f"“{shorten(page['title'] or page['page_id'], _MAX_PLACE)}”" for page in where["links_from"]
    ]
    return f"Link to it from: {', '.join(titles)}." if titles else ""


def describe_around(before: Any, after: Any) -> str:
    """Return between which words an edit is made; empty where neither is known.

    >>> describe_around("a long ride.", "We lend")
    'between “… a long ride.” and “We lend …”'
    """
    last, first = (shorten(words, _MAX_WORDS).strip("… ") for words in (before, after))
    if last and first:
        return f"between “… {last}” and “{first} …”"
    return f"behind “… {last}”" if last else f"in front of “{first} …”" if first else ""


def describe_votes(fact: Values) -> str:
    """Return how many of the answers state a fact; empty where none is counted.

    >>> describe_votes({"n_answers": 5, "n_answers_of_edit": 8})
    '5 of 8 answers say so'
    >>> describe_votes({"n_answers": 1, "n_answers_of_edit": 1})
    '1 of 1 answer says so'
    """
    n, n_all = fact["n_answers"], fact["n_answers_of_edit"]
    verb = "says" if n == 1 else "say"
    return f"{n:,} of {count(n_all, 'answer')} {verb} so" if n and n_all else ""


def describe_citations(row: Values) -> str:
    """Return what an edit brings in citations; empty where that is missing.

    >>> describe_citations({"citation_gain": 2.0, "citation_low": 0.5, "citation_high": 3.5})
    'expected citations per 100 answers to its questions: +2 (+0.5 to +4)'

    Args:
        row: an edit; citation_gain and the ends of its interval are per 100 answers.
    """
    gain, low, high = (row.get(f"citation_{name}") for name in ("gain", "low", "high"))
    if gain is None or is_missing(gain) or abs(gain) < _MIN_CITATIONS:
        return ""
    text = f"expected citations per 100 answers to its questions: {_signed(gain)}"
    if low is None or high is None or is_missing(low) or is_missing(high):
        return text
    return f"{text} ({_signed(low)} to {_signed(high)})"


def _signed(value: float) -> str:
    """Return a change with its sign, whole from 1 on."""
    return f"{value:+.0f}" if abs(value) >= 1 else f"{value:+.1f}"


def describe_citation_rise(row: Mapping[Any, Any]) -> str:
    """Return by how many citations per 100 answers an edit is expected to raise them, in short.

    Empty where that is not predicted.

    >>> describe_citation_rise({"citation_gain": 8.8}), describe_citation_rise({})
    ('+9', '')
    """
    gain = row.get("citation_gain")
    return "" if gain is None or is_missing(gain) or abs(gain) < 0.5 else f"{gain:+.0f}"


def describe_home(where: Values) -> str:
    """Return how probable it is that the page is the right one; empty where that is missing."""
    if is_missing(where["home_probability"]):
        return ""
    share = percent(where["home_probability"])
    if where["is_new_page"]:
        return f"No page of yours is the right one, with a probability of {share}."
    return f"This page is the right one, with a probability of {share}."


def list_questions(brief: Values) -> list[str]:
    """Return the questions to answer, a line each, with how often they were asked."""
    return [
        f"{shorten(question['text'], _MAX_WORDS)} (asked {times(question['demand'])})"
        for question in brief["questions"]
    ]


def describe_fact(fact: Values) -> str:
    """Return a fact with who says so, your own words, and what to find out in its place.

    >>> describe_fact({"text": "A dog rides on the floor.", "n_answers": 5, "n_answers_of_edit": 8,
    ...                "is_known": False, "own_words": None, "slot": "which harness fits"})
    'A dog rides on the floor (5 of 8 answers say so). Find out instead: which harness fits.'
    """
    text = shorten(fact["text"], 2 * _MAX_WORDS).rstrip(".")
    votes = describe_votes(fact)
    sentences = [f"{text} ({votes})" if votes else text]
    if fact["is_known"] and fact["own_words"] == fact["text"]:
        sentences = [f"Your site states: “{text}”"]
    elif fact["is_known"]:
        own = shorten(fact["own_words"], _MAX_WORDS).rstrip(".")
        sentences.append(f"Your site states it already{f': “{own}”' if own else ''}")
    if slot := shorten(fact["slot"], _MAX_WORDS):
        sentences.append(f"Find out instead: {slot.rstrip('.')}")
    return f"{'. '.join(sentences)}."


def list_brief(brief: Values) -> list[str]:
    """Return a brief as lines: questions, facts, what to find out, opening and length.

    The first line says what to do. Where the brief holds no parts, they are the lines of `text`.
    """
    parts = [
        ("Questions to answer:", list_questions(brief)),
        ("Facts that a good answer contains:", [_with_source(fact) for fact in brief["facts"]]),
        ("Find out:", [shorten(slot, _MAX_WORDS) for slot in brief["slots"]]),
        ("A first sentence to start from:", [shorten(brief["opening"], 2 * _MAX_WORDS)]),
    ]
    lines = [
        line
        for head, items in parts
        if any(items)
        for line in (head, *(f"- {item}" for item in items if item))
    ]
    text = clean_text(brief["text"]).strip().split("\n")
    # Its first line says what to do; the others say what the parts say.
    lines = [text[0], *lines] if lines else text
    return [*lines, f"Length: {describe_length(brief['n_words'])}."]


def _with_source(fact: Values) -> str:
    source = f" Source: {fact['source']}" if fact["source"] else ""
    return f"{describe_fact(fact)}{source}"


def describe_length(n_words: int) -> str:
    """Return the length of an edit in words, rounded to tens where it is longer than fifty.

    >>> describe_length(137), describe_length(9)
    ('about 140 words', '9 words')
    """
    # Assumed: an estimate of a hundred words is no better than to ten.
    return f"about {10 * round(n_words / 10)} words" if n_words > 50 else count(n_words, "word")


def split_effects(queries: Sequence[Values], limit: int) -> tuple[list[Values], list[Values]]:
    """Return the questions that make up an edit's gain, `limit` at most, and the others.

    Those that add or take less than a hundredth of all that is added and taken are among the
    others.

    Args:
        queries: as `list_records` has them, the largest gain or loss first.
        limit: how many are shown at most.
    """
    total = sum(abs(query["gain"]) for query in queries)
    shown = [query for query in queries if abs(query["gain"]) > _TOLD * total][:limit]
    return shown, list(queries[len(shown) :])


def describe_rise(gain: float) -> str:
    """Return what a question adds, or loses, in whole numbers.

    >>> describe_rise(187.7), describe_rise(0.3), describe_rise(-0.9), describe_rise(-0.1)
    ('188', 'under 1', '1 fewer', 'under 1 fewer')
    """
    size = f"{abs(gain):,.0f}" if abs(gain) >= 0.5 else "under 1"
    return f"{size} fewer" if gain < 0 else size


def describe_counted(query: Values) -> str:
    """Return how many of the times that a question is asked count in its gain; empty where all do.

    A part counts where the question may belong on another page.

    >>> row = {"demand": 85.0, "coverage_before": 0.15, "coverage_after": 0.49, "gain": 12.9}
    >>> describe_counted(row), describe_counted({**row, "gain": 28.9})
    ('38', '')
    """
    rise = query["coverage_after"] - query["coverage_before"]
    # What a question loses counts twice, and what hardly changes shows no share.
    counted = query["gain"] / rise if rise >= _LEAST_RISE else query["demand"]
    return f"{counted:,.0f}" if counted < _ALL * query["demand"] else ""


def describe_rest(further: Sequence[Values]) -> list[tuple[str, str]]:
    """Return what the questions that are not listed add, and what they lose, a line each.

    >>> describe_rest([{"gain": 2.4}, {"gain": 0.3}, {"gain": -1.2}])
    [('and 2 more questions', '3'), ('lost on 1 question elsewhere (counts twice)', '1 fewer')]
    """
    gains = [query["gain"] for query in further if query["gain"] >= 0]
    losses = [query["gain"] for query in further if query["gain"] < 0]
    lines = []
    if gains:
        lines.append((f"and {count(len(gains), 'more question')}", describe_rise(sum(gains))))
    if losses:
        label = f"lost on {count(len(losses), 'question')} elsewhere (counts twice)"
        lines.append((label, describe_rise(sum(losses))))
    return lines


def describe_carrier(queries: Sequence[Values], gain: float) -> str:
    """Return which question brings nearly all of an edit's gain; empty where none does.

    >>> queries = [{"text": "best tracker", "gain": 188.0}, {"text": "stolen", "gain": 12.0}]
    >>> describe_carrier(queries, 200.0)
    '188 of the 200 come from one question: “best tracker”'

    Args:
        queries: the questions that the edit changes, with the gain of each.
        gain: the gain of the edit.
    """
    first = max(queries, key=lambda query: query["gain"], default=None)
    if first is None or len(queries) < 2 or not 0 < _CARRIES * gain <= first["gain"]:
        return ""
    # What the others lose may leave less in all than the first question brings.
    brought = f"{min(first['gain'], gain):,.0f}"
    share = (
        f"{brought} of the {gain:,.0f}" if brought != f"{gain:,.0f}" else f"Nearly all {brought}"
    )
    return f"{share} come from one question: “{shorten(first['text'], _MAX_WORDS)}”"


def describe_facts_needed(n: int) -> str:
    """Return how many facts others have to supply, to stand behind minutes; empty for none.

    >>> describe_facts_needed(4), describe_facts_needed(0)
    ('and 4 facts to get from others', '')
    """
    return f"and {count(n, 'fact')} to get from others" if n else ""


def describe_done(edit: Values) -> str:
    """Return when an edit is done, in a sentence.

    Args:
        edit: as `list_records` has it, with the slots of its text.
    """
    if edit["slots"] or edit["n_facts_needed"]:
        return "It is done when every bracket is filled or taken out."
    return "It is done when the new words are on the page."


def describe_gain_unit(analysis: Analysis) -> str:
    """Return what gains are counted in, in a sentence: times asked in this log."""
    demand = float(analysis.queries["demand"].sum())
    return f"Counted in times asked: this log's questions were asked {times(demand)}."


def describe_why(gap: Mapping[Any, Any] | None, cause_title: str) -> str:
    """Return why an edit is proposed: the cause of its gap, and who is cited instead.

    Args:
        gap: the row of `describe_gaps` that the edit serves, or None.
        cause_title: the cause in words; empty for an edit without a gap.
    """
    rival = shorten(gap["rival"], _MAX_WORDS) if gap else ""
    parts = [part for part in (cause_title, rival) if part]
    return f"{'; '.join(parts)}." if parts else ""


def describe_harm(row: Values) -> str:
    """Return what an edit takes from other questions; empty where that is next to nothing.

    >>> describe_harm({"harm": 2.0}), describe_harm({"harm": 0.001})
    ('Other questions lose 2 answers, which count twice.', '')
    """
    # Assumed: half a hundredth of a query is nothing to a reader.
    is_some = row["harm"] >= 0.005
    harm = f"Other questions lose {amount(row['harm'])} answers, which count twice."
    return harm if is_some else ""


def describe_gain(row: Values) -> str:
    """Return what an edit answers more, in times asked: alone, and beyond the edits above it."""
    alone = (
        f"answers {amount(row['gain'])} more alone (90% interval {amount(row['low'])} to "
        f"{amount(row['high'])})"
    )
    if abs(row["gain"] - row["marginal_gain"]) < _SAME * max(1.0, abs(row["gain"])):
        return alone
    beyond = amount(row["marginal_gain"]) if row["marginal_gain"] else "nothing"
    return f"{alone}, {beyond} beyond the edits above it"
