"""Clarity: headings, lengths, lists and tables, text that waits for scripts. How passages stand alone is in standing.py."""

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

_THIN_WORDS = 80
_SECTION_WORDS = 400
_PARAGRAPH_WORDS = 220
_HEADING_WORDS = 20
_LINKED_SHARE = 0.5
_STEPS = 4
_FIGURES = 6
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
    }
    | {
        "stuff",
        "miscellaneous",
        "various",
        "details",
        "more details",
        "info",
        "information",
        "general",
    }
    | {
        "general information",
        "untitled",
        "new section",
        "welcome",
        "click here",
        "read more",
        "learn more",
    }
    | {
        "find out more",
        "did you know",
        "important",
        "important information",
        "good to know",
        "things to know",
        "extra",
    }
    | {
        "additional information",
        "something else",
        "anything else",
        "bits and pieces",
    }
)
_NUMBERED = re.compile(
    r"(?:section|part|chapter|step|paragraph|page|block|topic)\s*(?:\d{1,3}|[ivx]{1,4})",
    re.IGNORECASE,
)
_STEP = re.compile(
    r"(?:^|(?<=[.;:!?] ))(?P<first>first(?:ly)?|to begin(?: with)?|start by)\b"
    r"|(?:^|(?<=[.;:!?,] )|(?<=\band ))(?P<more>second(?:ly)?|third(?:ly)?|fourth(?:ly)?|then|next|after that"
    r"|afterwards|finally"
    r"|lastly)\b(?! (?:time|to|year|week|month|day|page|section))",
    re.IGNORECASE,
)
_INLINE_NUMBER = re.compile(r"(?:^|\s)\(?([1-9])\)\s(?=\S)")
_FIGURE = re.compile(
    r"(?P<money>[£$€])\s?\d[\d,.]*|\d[\d,.]*\s?(?P<unit>%|[a-zA-Zµ]{1,3}\b|years?\b|months?\b|days?\b|hours?\b|minutes?\b)"
)


def look_at_levels(page: PageView, _: SiteView) -> Outcome:
    """Whether headings go down one level at a time."""
    rows = page.told("heading")
    if len(rows) < 2:
        return None
    steps = [
        (above, below) for above, below in pairwise(rows) if below["level"] > above["level"] + 1
    ]
    faults = [
        Fault(
            str(below["place"]),
            f"“{below['value']}” is an h{below['level']} right below “{above['value']}”, an h{above['level']}",
            "Readers and engines take a heading's level for its place in the outline; a skipped one leaves the outline broken.",
            f"Make it an h{int(above['level']) + 1}, and the headings beside it too.",
            passage_id=page.first_passage(str(below["place"])),
            before=str(below["value"]),
        )
        for above, below in steps
    ]
    return Checked(len(rows) - 1, tuple(faults))


def look_at_main_heading(page: PageView, _: SiteView) -> Outcome:
    """Whether there is one main heading: an h1 anywhere, and one only in the main content."""
    if not page.has_source or page.status != "ok":
        return NotAssessed("no stored source")
    if page.url.lower().endswith((".md", ".markdown")) and page.title:
        return None
    inside = page.told("heading")
    tops = [str(row["value"]) for row in inside if row["level"] == 1]
    if not page.values("page heading") and not tops:
        reason = "Without a main heading, what the page is about has to be guessed from its title and words."
        title = page.title.strip()
        fault = Fault(
            WHOLE,
            "no h1 on the page",
            reason,
            "Head the page with an h1 that says what it is about.",
            n_words=8,
        )
        return Checked(1, (fault._replace(after=f"# {title}") if title else fault,))
    if len(tops) > 1:
        told = ", ".join(f"“{quote(one, 60)}”" for one in tops[:4])
        reason = "Several main headings leave open which one the page is about."
        return Checked(
            1,
            (
                Fault(
                    WHOLE,
                    f"{len(tops)} h1: {told}",
                    reason,
                    "Keep the first as h1 and lower the others to h2.",
                ),
            ),
        )
    return Checked(1)


def look_at_heading_words(page: PageView, _: SiteView) -> Outcome:
    """Whether each heading says what follows: no empty word, no number, not its neighbour's words, no paragraph."""
    rows = [row for row in page.told("heading") if row["level"] > 1]
    if not rows:
        return None
    faults: list[Fault] = []
    seen: set[tuple[str, int, str]] = set()
    for row in rows:
        words = str(row["value"]).strip()
        bare = re.sub(r"[^\w\s]", "", words).strip().casefold()
        beside = (
            str(row["place"]).rpartition(" > ")[0],
            int(row["level"]),
            bare,
        )
        why = ""
        if page.read_as == "en" and (bare in _EMPTY_HEADINGS or _NUMBERED.fullmatch(bare)):
            why = "it could stand above anything"
        elif not re.search(r"[^\W\d_]", words):
            why = "it has no words"
        elif beside in seen:
            why = "a heading beside it has the same words"
        elif len(words.split()) > _HEADING_WORDS:
            why = f"it is a paragraph of {len(words.split())} words"
        seen.add(beside)
        if why:
            reason = f"The heading does not say what follows: {why}. Engines match a question with the heading first."
            remedy = "Say in it what the section answers, in the words of those who ask."
            place = str(row["place"])
            slot = "[FACT NEEDED: what the section answers, in up to eight words]"
            passage = page.first_passage(place)
            faults.append(
                Fault(
                    place,
                    f"“{quote(words)}”",
                    reason,
                    remedy,
                    words,
                    slot,
                    8,
                    0,
                    passage,
                    is_of_heading=True,
                )
            )
    return Checked(len(rows), tuple(faults))


def look_at_bold_lines(page: PageView, _: SiteView) -> Outcome:
    """Whether lines that look like headings are marked as headings."""
    if not page.has_source:
        return NotAssessed("no stored source")
    faults = [
        Fault(
            WHOLE,
            f"“{value}”",
            "It looks like a heading and is not marked as one, so that what stands below it belongs to the heading above.",
            "Mark it as a heading, one level below the heading above it.",
            before=value,
            passage_id=page.passage_of(value),
        )
        for value in page.values("bold line")
    ]
    return Checked(len(page.told("heading")) + len(faults), tuple(faults))


def look_at_page_length(page: PageView, _: SiteView) -> Outcome:
    """Whether a page has words enough to answer from; pages of forms, players and links are no such pages."""
    if page.status != "ok" or not page.is_spaced:
        return NotAssessed("no words that can be counted")
    n_words = sum(len(one.text.split()) for part in page.parts for one in part.paragraphs)
    n_linked = sum(int(value) for value in page.values("linked words"))
    is_form = any(int(value) >= 2 for value in page.values("form"))
    if is_form or len(page.told("player")) or n_linked >= _LINKED_SHARE * max(1, n_words):
        return None
    if n_words >= _THIN_WORDS:
        return Checked(1)
    reason = f"Under {_THIN_WORDS} words there is little to quote, and little that tells this page from others."
    remedy = "Answer here what people ask of this subject, or move the words to the page that does."
    first = str(page.passages["passage_id"].iloc[0]) if len(page.passages) else None
    evidence = f"{n_words} words of main content"
    return Checked(
        1,
        (
            Fault(
                WHOLE,
                evidence,
                reason,
                remedy,
                n_words=_THIN_WORDS - n_words,
                n_claims=1,
                passage_id=first,
            ),
        ),
    )


def look_at_section_length(page: PageView, _: SiteView) -> Outcome:
    """Whether long running text is parted by headings, lists, tables or paragraphs."""
    if not page.is_spaced:
        return NotAssessed("no words that can be counted")
    runs = [(part, run) for part in page.parts for run in _runs(part)]
    faults = [fault for part, run in runs if (fault := _long(page, part, run)) is not None]
    return Checked(len(runs), tuple(faults)) if runs else None


def _runs(part: PageSection) -> Iterator[list[str]]:
    """Yield the paragraphs of running text that nothing parts."""
    run: list[str] = []
    for one in part.paragraphs:
        if one.kind == "text":
            run.append(one.text)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _long(page: PageView, part: PageSection, run: list[str]) -> Fault | None:
    n_words = sum(len(text.split()) for text in run)
    longest = max(run, key=lambda text: len(text.split()))
    n_longest = len(longest.split())
    if n_words > _SECTION_WORDS:
        evidence = f"{n_words} words without a heading, list or table: “{quote(run[0], 80)}”"
        remedy = (
            "Part it where the subject turns, each part under a heading that says what it answers."
        )
        opening = split_sentences(run[0])[0]
        reason = "Engines read passages, not pages: in a long one, what answers is diluted by what does not."
        return Fault(
            part.path,
            evidence,
            reason,
            remedy,
            n_words=16,
            passage_id=page.passage_of(opening, part.path),
        )
    if n_longest > _PARAGRAPH_WORDS:
        evidence = f"a paragraph of {n_longest} words: “{quote(longest, 80)}”"
        reason = "What answers is hard to find, and to quote, in so long a paragraph."
        opening = split_sentences(longest)[0]
        remedy = "Begin a new paragraph wherever another thing is said."
        return Fault(
            part.path,
            evidence,
            reason,
            remedy,
            passage_id=page.passage_of(opening, part.path),
        )
    return None


def look_at_lists(page: PageView, _: SiteView) -> Outcome:
    """Whether steps are lists and rows of like figures are tables."""
    texts = list(page.texts())
    found = [
        (part, paragraph, *told)
        for part, paragraph in texts
        if (told := _unlisted(paragraph)) is not None
    ]
    faults = [
        Fault(
            part.path,
            f"{evidence}: “{quote(paragraph.text, 120)}”",
            reason,
            remedy,
            before=paragraph.text,
            n_words=2,
            passage_id=page.passage_of(paragraph.text, part.path),
        )
        for part, paragraph, evidence, reason, remedy in found
    ]
    return Checked(len(texts), tuple(faults)) if texts else None


def _unlisted(paragraph: Paragraph) -> tuple[str, str, str] | None:
    """Return evidence, reason and remedy where a paragraph holds steps or a row of figures."""
    text = paragraph.text
    steps = list(_STEP.finditer(text))
    numbers = [int(one[1]) for one in _INLINE_NUMBER.finditer(text)]
    is_numbered = numbers[:_STEPS] == list(range(1, _STEPS + 1))
    is_told = (
        sum(bool(one["first"]) for one in steps) == 1
        and len({one[0].lower() for one in steps}) >= _STEPS - 1
    )
    if is_numbered or (is_told and len(steps) >= _STEPS):
        n = len(numbers) if is_numbered else len(steps)
        return (
            f"{n} steps in a paragraph",
            "Steps in a paragraph are hard to follow and to quote.",
            "Make it a numbered list.",
        )
    for sentence in split_sentences(text):
        plain = re.sub(r"\([^)]*\)|\d[\d.,]* (?:to|and) (?=\S?\d)", "", sentence)
        units = [
            one["money"] or (one["unit"] or "").rstrip("s").lower()
            for one in _FIGURE.finditer(plain)
        ]
        most = max(units, key=units.count, default="")
        if (
            most
            and units.count(most) >= _FIGURES
            and plain.count(",") + plain.count(";") >= _FIGURES - 2
        ):
            told = f"{units.count(most)} figures in {most} in one sentence"
            return (
                told,
                "Figures that are to be compared are read from a table.",
                "Make it a table, with a row for each thing compared.",
            )
    return None


def look_at_scripts(page: PageView, _: SiteView) -> Outcome:
    """Whether the page's words are there without scripts."""
    if not page.has_source:
        return NotAssessed("no stored source")
    rows = page.told("scripted text")
    faults = [
        Fault(
            row["place"] if isinstance(row["place"], str) else WHOLE,
            f"{row['detail']}: “{quote(str(row['value']), 120)}”",
            "Most engines read pages without running scripts: what only a script shows is not there for them.",
            "Put the words into the page's HTML, and let the script work on what is there.",
            n_words=len(str(row["value"]).split()),
        )
        for row in rows
    ]
    return Checked(max(1, len(rows)), tuple(faults))


CHECKS = (
    Check(
        "heading_levels",
        "clarity",
        "Headings go down one level at a time",
        "weak",
        look_at_levels,
    ),
    Check(
        "main_heading",
        "clarity",
        "The page has one main heading",
        "weak",
        look_at_main_heading,
    ),
    Check(
        "heading_words",
        "clarity",
        "Headings say what follows",
        "moderate",
        look_at_heading_words,
    ),
    Check(
        "marked_headings",
        "clarity",
        "What looks like a heading is marked as one",
        "weak",
        look_at_bold_lines,
    ),
    Check(
        "page_length",
        "clarity",
        "The page has words enough to answer from",
        "moderate",
        look_at_page_length,
    ),
    Check(
        "section_length",
        "clarity",
        "Long text is parted by headings",
        "weak",
        look_at_section_length,
    ),
    Check(
        *(
            "lists_and_tables",
            "clarity",
            "Steps are lists and like figures tables",
            "weak",
        ),
        look=look_at_lists,
        languages=("en",),
    ),
    Check(
        "scripted_text",
        "clarity",
        "The words are there without scripts",
        "strong",
        look_at_scripts,
    ),
)
