"""Clarity: headings, lengths, lists and tables, and text that needs scripts.

How sections answer is in self_contained.py.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from coverage_kit.measure.pillars.check import (
    WHOLE,
    Check,
    Checked,
    Fault,
    NotAssessed,
    Outcome,
    quote,
)
from coverage_kit.measure.pillars.site import (
    PageSection,
    PageView,
    Paragraph,
    SiteView,
)
from coverage_kit.text.sentences import split_sentences

# Thresholds in words, steps and figures are plain choices, not measured (docs/method.md).
_MIN_PAGE_WORDS = 80
_MAX_SECTION_WORDS = 400
_MAX_PARAGRAPH_WORDS = 220
# A heading of more words is a paragraph.
_MAX_HEADING_WORDS = 20
# From this share of linked words on, a page is a list of links (assumed).
_LINKED_SHARE = 0.5
# Fewer steps, or fewer figures of one unit, read well within a sentence (assumed).
_MIN_STEPS = 4
_MIN_FIGURES = 6
# Headings that could be above any section.
_EMPTY_HEADINGS = frozenset(
    {
        "more",
        "more info",
        "more information",
        "further information",
        "other",
        "others",
        "other information",
        "misc",
        "stuff",
        "miscellaneous",
        "various",
        "details",
        "more details",
        "info",
        "information",
        "general",
        "general information",
        "untitled",
        "new section",
        "welcome",
        "click here",
        "read more",
        "learn more",
        "find out more",
        "did you know",
        "important",
        "important information",
        "good to know",
        "things to know",
        "extra",
        "additional information",
        "something else",
        "anything else",
        "bits and pieces",
    }
)
# A heading that only counts: "Part 2", "chapter iv".
_NUMBERED = re.compile(
    r"(?:section|part|chapter|step|paragraph|page|block|topic)\s*(?:\d{1,3}|[ivx]{1,4})",
    re.IGNORECASE,
)
# Words that open a step: "First", "Then", "Finally"; not "next week".
_STEP = re.compile(
    r"(?:^|(?<=[.;:!?] ))(?P<first>first(?:ly)?|to begin(?: with)?|start by)\b|(?:^"
    r"|(?<=[.;:!?,] )|(?<=\band ))(?P<more>second(?:ly)?|third(?:ly)?|fourth(?:ly)?|then|next"
    r"|after that|afterwards|finally|lastly)\b(?! (?:time|to|year|week|month|day|page|section))",
    re.IGNORECASE,
)
# A number in a paragraph that counts steps: "(1) rinse", "2) fill".
_INLINE_NUMBER = re.compile(r"(?:^|\s)\(?([1-9])\)\s(?=\S)")
# A figure with its currency or unit: "£12", "30 cm", "5 years".
_FIGURE = re.compile(
    r"(?P<money>[£$€])\s?\d[\d,.]*|\d[\d,.]*\s?(?P<unit>%|[a-zA-Zµ]{1,3}\b|years?\b|months?\b"
    r"|days?\b|hours?\b|minutes?\b)"
)


def check_levels(page: PageView, _: SiteView) -> Outcome:
    """Return whether headings go down one level at a time."""
    rows = page.rows_of("heading")
    if len(rows) < 2:
        return None
    steps = [
        (above, below) for above, below in pairwise(rows) if below["level"] > above["level"] + 1
    ]
    faults = [
        Fault(
            place=str(below["place"]),
            evidence=f"“{below['value']}” is an h{below['level']} right below “{above['value']}”, "
            f"an h{above['level']}",
            reason="Readers and engines take a heading's level for its place in the outline; a "
            "skipped one leaves the outline broken.",
            remedy=f"Make it an h{int(above['level']) + 1}, and the headings beside it too.",
            passage_id=page.first_passage(str(below["place"])),
            before=str(below["value"]),
        )
        for above, below in steps
    ]
    return Checked(len(rows) - 1, tuple(faults))


def check_main_heading(page: PageView, _: SiteView) -> Outcome:
    """Return whether the page has a main heading.

    There must be an h1 anywhere on the page, and not more than one in the main content.
    """
    if not page.has_source or page.status != "ok":
        return NotAssessed("no stored source")
    # Generators show the title of a file of Markdown as its main heading.
    if page.is_markdown and page.title:
        return None
    inside = page.rows_of("heading")
    tops = [str(row["value"]) for row in inside if row["level"] == 1]
    if not page.values("page heading") and not tops:
        reason = (
            "Without a main heading, what the page is about has to be guessed from its title "
            "and words."
        )
        title = page.title.strip()
        fault = Fault(
            place=WHOLE,
            evidence="no h1 on the page",
            reason=reason,
            remedy="Head the page with an h1 that says what it is about.",
            n_words=8,
        )
        return Checked(1, (fault._replace(after=f"# {title}") if title else fault,))
    if len(tops) > 1:
        quoted = ", ".join(f"“{quote(heading, 60)}”" for heading in tops[:4])
        reason = "Several main headings leave open which one the page is about."
        return Checked(
            1,
            (
                Fault(
                    place=WHOLE,
                    evidence=f"{len(tops)} h1: {quoted}",
                    reason=reason,
                    remedy="Keep the first as h1 and lower the others to h2.",
                ),
            ),
        )
    return Checked(1)


def check_heading_words(page: PageView, _: SiteView) -> Outcome:
    """Return whether each heading says what follows."""
    rows = [row for row in page.rows_of("heading") if row["level"] > 1]
    if not rows:
        return None
    faults: list[Fault] = []
    previous: set[tuple[str, int, str]] = set()
    for row in rows:
        words = str(row["value"]).strip()
        path = str(row["place"])
        plain = re.sub(r"[^\w\s]", "", words).strip().casefold()
        # Headings are neighbours where they have the same parent and level.
        key = (path.rpartition(" > ")[0], int(row["level"]), plain)
        problem = _heading_problem(page, words, plain, is_repeated=key in previous)
        previous.add(key)
        if problem:
            faults.append(
                Fault(
                    place=path,
                    evidence=f"“{quote(words)}”",
                    reason=f"The heading does not say what follows: {problem}. Engines match a "
                    "question with the heading first.",
                    remedy="Say in it what the section answers, in the words of those who ask.",
                    before=words,
                    after="[FACT NEEDED: what the section answers, in up to eight words]",
                    n_words=8,
                    passage_id=page.first_passage(path),
                    is_of_heading=True,
                )
            )
    return Checked(len(rows), tuple(faults))


def _heading_problem(page: PageView, words: str, plain: str, *, is_repeated: bool) -> str:
    """Return why a heading does not say what follows, empty where it does."""
    is_empty = plain in _EMPTY_HEADINGS or _NUMBERED.fullmatch(plain) is not None
    if page.read_as == "en" and is_empty:
        return "it could stand above anything"
    if not re.search(r"[^\W\d_]", words):
        return "it has no words"
    if is_repeated:
        return "a heading beside it has the same words"
    n_words = len(words.split())
    return f"it is a paragraph of {n_words} words" if n_words > _MAX_HEADING_WORDS else ""


def check_bold_lines(page: PageView, _: SiteView) -> Outcome:
    """Return whether lines that look like headings are marked as headings."""
    if not page.has_source:
        return NotAssessed("no stored source")
    faults = [
        Fault(
            place=WHOLE,
            evidence=f"“{value}”",
            reason="It looks like a heading and is not marked as one, so that what is below it "
            "belongs to the heading above.",
            remedy="Mark it as a heading, one level below the heading above it.",
            before=value,
            passage_id=page.passage_of(value),
        )
        for value in page.values("bold line")
    ]
    return Checked(len(page.rows_of("heading")) + len(faults), tuple(faults))


def check_page_length(page: PageView, _: SiteView) -> Outcome:
    """Return whether a page has enough words to answer from.

    Pages that are mostly forms, players or links are not assessed.
    """
    if page.status != "ok" or not page.is_spaced:
        return NotAssessed("no words that can be counted")
    n_words = sum(
        len(paragraph.text.split()) for section in page.sections for paragraph in section.paragraphs
    )
    n_linked = sum(int(value) for value in page.values("linked words"))
    is_form = any(int(value) >= 2 for value in page.values("form"))
    if is_form or len(page.rows_of("player")) or n_linked >= _LINKED_SHARE * max(1, n_words):
        return None
    if n_words >= _MIN_PAGE_WORDS:
        return Checked(1)
    reason = (
        f"Under {_MIN_PAGE_WORDS} words there is little to quote, and little that sets this "
        "page apart from others."
    )
    remedy = "Answer here what people ask of this subject, or move the words to the page that does."
    first = str(page.passages["passage_id"].iloc[0]) if len(page.passages) else None
    evidence = f"{n_words} words of main content"
    return Checked(
        1,
        (
            Fault(
                place=WHOLE,
                evidence=evidence,
                reason=reason,
                remedy=remedy,
                n_words=_MIN_PAGE_WORDS - n_words,
                n_claims=1,
                passage_id=first,
            ),
        ),
    )


def check_section_length(page: PageView, _: SiteView) -> Outcome:
    """Return whether headings, lists, tables or paragraphs divide long text."""
    if not page.is_spaced:
        return NotAssessed("no words that can be counted")
    runs = [(section, run) for section in page.sections for run in _runs(section)]
    faults = [fault for section, run in runs if (fault := _long(page, section, run)) is not None]
    return Checked(len(runs), tuple(faults)) if runs else None


def _runs(section: PageSection) -> Iterator[list[str]]:
    """Yield the paragraphs of running text with nothing between them."""
    run: list[str] = []
    for paragraph in section.paragraphs:
        if paragraph.kind == "text":
            run.append(paragraph.text)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _long(page: PageView, section: PageSection, run: list[str]) -> Fault | None:
    """Return the fault of a run of text that is too long, or holds too long a paragraph."""
    n_words = sum(len(text.split()) for text in run)
    longest = max(run, key=lambda text: len(text.split()))
    n_longest = len(longest.split())
    if n_words > _MAX_SECTION_WORDS:
        evidence = f"{n_words} words without a heading, list or table: “{quote(run[0], 80)}”"
        remedy = (
            "Part it where the subject turns, each part under a heading that says what it answers."
        )
        opening = split_sentences(run[0])[0]
        reason = (
            "Engines read passages, not pages: in a long one, what answers is diluted by what "
            "does not."
        )
        return Fault(
            place=section.path,
            evidence=evidence,
            reason=reason,
            remedy=remedy,
            n_words=16,
            passage_id=page.passage_of(opening, section.path),
        )
    if n_longest > _MAX_PARAGRAPH_WORDS:
        evidence = f"a paragraph of {n_longest} words: “{quote(longest, 80)}”"
        reason = "What answers is hard to find, and to quote, in so long a paragraph."
        opening = split_sentences(longest)[0]
        remedy = "Begin a new paragraph wherever another thing is said."
        return Fault(
            place=section.path,
            evidence=evidence,
            reason=reason,
            remedy=remedy,
            passage_id=page.passage_of(opening, section.path),
        )
    return None


def check_lists(page: PageView, _: SiteView) -> Outcome:
    """Return whether steps are lists, and rows of similar figures are tables."""
    texts = list(page.texts())
    unlisted = [
        (section, paragraph, *fault)
        for section, paragraph in texts
        if (fault := _unlisted(paragraph)) is not None
    ]
    faults = [
        Fault(
            place=section.path,
            evidence=f"{evidence}: “{quote(paragraph.text, 120)}”",
            reason=reason,
            remedy=remedy,
            before=paragraph.text,
            n_words=2,
            passage_id=page.passage_of(paragraph.text, section.path),
        )
        for section, paragraph, evidence, reason, remedy in unlisted
    ]
    return Checked(len(texts), tuple(faults)) if texts else None


def _unlisted(paragraph: Paragraph) -> tuple[str, str, str] | None:
    """Return evidence, reason and remedy where a paragraph holds steps or a row of figures."""
    text = paragraph.text
    steps = list(_STEP.finditer(text))
    numbers = [int(match[1]) for match in _INLINE_NUMBER.finditer(text)]
    is_numbered = numbers[:_MIN_STEPS] == list(range(1, _MIN_STEPS + 1))
    is_sequence = (
        sum(bool(match["first"]) for match in steps) == 1
        # Steps open with different words; a story may say "then" again and again.
        and len({match[0].lower() for match in steps}) >= _MIN_STEPS - 1
    )
    if is_numbered or (is_sequence and len(steps) >= _MIN_STEPS):
        n_steps = len(numbers) if is_numbered else len(steps)
        return (
            f"{n_steps} steps in a paragraph",
            "Steps in a paragraph are hard to follow and to quote.",
            "Make it a numbered list.",
        )
    for sentence in split_sentences(text):
        # Ranges and figures in brackets are not a row to be compared.
        plain = re.sub(r"\([^)]*\)|\d[\d.,]* (?:to|and) (?=\S?\d)", "", sentence)
        units = [
            match["money"] or (match["unit"] or "").rstrip("s").lower()
            for match in _FIGURE.finditer(plain)
        ]
        unit = max(units, key=units.count, default="")
        if (
            unit
            and units.count(unit) >= _MIN_FIGURES
            # The figures of a row are separated by commas or semicolons.
            and plain.count(",") + plain.count(";") >= _MIN_FIGURES - 2
        ):
            evidence = f"{units.count(unit)} figures in {unit} in one sentence"
            return (
                evidence,
                "Figures that are to be compared are read from a table.",
                "Make it a table, with a row for each thing compared.",
            )
    return None


def check_scripts(page: PageView, _: SiteView) -> Outcome:
    """Return whether the page's words are there without scripts."""
    if not page.has_source:
        return NotAssessed("no stored source")
    rows = page.rows_of("scripted text")
    faults = [
        Fault(
            place=row["place"] if isinstance(row["place"], str) else WHOLE,
            evidence=f"{row['detail']}: “{quote(str(row['value']), 120)}”",
            reason="Most engines read pages without running scripts: what only a script shows is "
            "not there for them.",
            remedy="Put the words into the page's HTML, and let the script work on what is there.",
            n_words=len(str(row["value"]).split()),
        )
        for row in rows
    ]
    return Checked(max(1, len(rows)), tuple(faults))


CHECKS = (
    Check(
        name="heading_levels",
        pillar="clarity",
        title="Headings go down one level at a time",
        weight="weak",
        look=check_levels,
    ),
    Check(
        name="main_heading",
        pillar="clarity",
        title="The page has one main heading",
        weight="weak",
        look=check_main_heading,
    ),
    Check(
        name="heading_words",
        pillar="clarity",
        title="Headings say what follows",
        weight="moderate",
        look=check_heading_words,
    ),
    Check(
        name="marked_headings",
        pillar="clarity",
        title="What looks like a heading is marked as one",
        weight="weak",
        look=check_bold_lines,
    ),
    Check(
        name="page_length",
        pillar="clarity",
        title="The page has words enough to answer from",
        weight="moderate",
        look=check_page_length,
    ),
    Check(
        name="section_length",
        pillar="clarity",
        title="Long text is parted by headings",
        weight="weak",
        look=check_section_length,
    ),
    Check(
        name="lists_and_tables",
        pillar="clarity",
        title="Steps are lists and like figures tables",
        weight="weak",
        look=check_lists,
        languages=("en",),
    ),
    Check(
        name="scripted_text",
        pillar="clarity",
        title="The words are there without scripts",
        weight="strong",
        look=check_scripts,
    ),
)
