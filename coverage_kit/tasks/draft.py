"""Drafts by a language model, where one is configured, and the file in which they are stored.

Everything else works without a model. What a model writes is data: `check_draft` leaves no fact in
it that the site does not state.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from tqdm.auto import tqdm

from coverage_kit.errors import CoverageKitError, DraftError, RunError
from coverage_kit.escaping import for_line
from coverage_kit.llm.endpoint import RETRIES, Endpoint, Prompt
from coverage_kit.llm.untrusted_text import fence_parts
from coverage_kit.settings import DraftSettings
from coverage_kit.storage.files import write_file
from coverage_kit.tasks.briefs import Brief
from coverage_kit.tasks.draft_check import check_draft
from coverage_kit.text.parse import parse_json
from coverage_kit.usage import Spent

# What a drafter is asked to write, by the operation of the edit (`briefs.DRAFTED`).
_TASKS = {
    "extend_passage": (
        "Write one to three short paragraphs that go behind the passage that stands first under "
        "OWN WORDS. Do not repeat that passage, and write no heading."
    ),
    "add_question_and_answer": (
        "Write one section under the heading given. Its first sentence answers the heading's "
        "question."
    ),
    "add_page": (
        "Write one page under the headings given, a short section for each. "
        "Each section's first sentence answers its heading."
    ),
}
# The rules of every draft: only the site's own words are a source of facts.
_RULES = (
    "State only facts that stand under OWN WORDS. QUESTIONS say what is asked, never what is true.",
    "Where an answer needs a fact that OWN WORDS lack (a number, price, date, name, condition, yes "
    "or no), write a slot in its place, such as [FACT NEEDED: how far it goes on one charge], and "
    "no guess.",
    "MISSING lists what complete answers need and was not found on the site: state it only where "
    "OWN WORDS do, or write a slot for it.",
    "EXTRACTS are leads to what readers want to know: not text to copy, not facts of ours. Never "
    "present what they say of others, or what competitors claim, as ours.",
    "Plain English, short sentences. Markdown with paragraphs, lists and the headings given: no "
    "HTML, links or bold.",
    "Reply with the draft alone.",
)


class Drafter(Protocol):
    """What writes a draft from a brief: a model behind an endpoint, or another class like this."""

    @property
    def name(self) -> str:
        """Name of the model."""

    def draft(self, brief: Brief) -> str:
        """Return the draft as Markdown, unchecked. Raises DraftError where there is none."""


class Drafted(NamedTuple):
    """What `fill_drafts` did: ids of the edits drafted and reused, and why others failed, by id."""

    drafted: tuple[str, ...]
    reused: tuple[str, ...]
    failed: dict[str, str]


class ChatDrafter:
    """A model behind any endpoint that speaks OpenAI's chat completions (`llm.endpoint`).

    Args:
        settings: model, endpoint, name of the key's environment variable, and seconds to wait.
        retries: further tries after a timeout, a lost connection, 429 or 5xx, with growing pauses.

    Raises SettingsError where no model is configured, the key is missing, or the `openai` library
    is not installed.
    """

    def __init__(self, settings: DraftSettings, retries: int = RETRIES) -> None:
        self._endpoint = Endpoint(settings, "draft", DraftError, retries)
        self.spent = Spent()

    @property
    def name(self) -> str:
        """Name of the model."""
        return self._endpoint.model

    def draft(self, brief: Brief) -> str:
        """Return the model's draft as Markdown, unchecked.

        Raises DraftError, without the key, where the model gives no draft.
        """
        system, user = write_prompt(brief)
        completion = self._endpoint.complete(Prompt(system, user))
        self.spent += completion.spent
        reply = completion.replies[0]
        if not reply.text or reply.finish_reason == "length":
            problem = "a draft cut off" if reply.text else "an empty draft"
            raise self._endpoint.fail(
                problem,
                "Try another model, or one with more room for its answer.",
            )
        return reply.text


def write_prompt(brief: Brief) -> tuple[str, str]:
    """Return the system's and the user's message.

    All text of site, log and answers is in a fence that no text can close, each part in its own.
    """
    blocks = {
        "HEADINGS": "\n".join(brief.headings),
        "QUESTIONS": "\n".join(f"- {' '.join(question.split())}" for question in brief.questions),
        "MISSING": "\n".join(f"- {item}" for item in brief.missing),
        "OWN WORDS": brief.own_words,
        "EXTRACTS": "\n".join(brief.extracts),
    }
    fenced = fence_parts(blocks)
    rules = "\n".join(f"{number}. {rule}" for number, rule in enumerate(_RULES, 1))
    system = (
        f"You draft text for a company's own website. {_TASKS[brief.operation]}\n\n"
        f"Rules:\n{rules}\n\n{fenced.rule}"
    )
    return system, f"{fenced.text}\n\nWrite the draft by the rules."


def fill_drafts(drafter: Drafter, briefs: Sequence[Brief], path: Path) -> Drafted:
    """Write checked drafts by edit id into a JSON file, which is saved after each draft.

    `coverage-kit apply --drafts` reads the file. Edits that have a draft in it are not drafted
    again. Edits that fail are in what is returned, and the others go on. Raises RunError for a file
    that holds something else, or cannot be written.
    """
    drafts = _read(path)
    reused = tuple(brief.edit_id for brief in briefs if drafts.get(brief.edit_id, "").strip())
    drafted = []
    failed = {}
    open_briefs = [brief for brief in briefs if brief.edit_id not in reused]
    for brief in tqdm(
        open_briefs,
        desc=for_line(f"drafting with {drafter.name}"),
        unit=" edits",
        file=sys.stderr,
        leave=False,
        disable=None,
    ):
        try:
            text = check_draft(drafter.draft(brief), brief)
        except CoverageKitError as error:
            failed[brief.edit_id] = str(error)
            continue
        drafts[brief.edit_id] = f"{brief.before}\n\n{text}" if brief.before else text
        drafted.append(brief.edit_id)
        write_file(
            path,
            f"{json.dumps(drafts, indent=1, sort_keys=True, ensure_ascii=False)}\n".encode(
                "utf-8", "replace"
            ),
        )
    return Drafted(tuple(drafted), reused, failed)


def describe_drafts(result: Drafted, briefs: Sequence[Brief], n_picked: int, path: Path) -> str:
    """Return what was drafted, reused and failed, and the next step, in lines for a terminal."""
    lines = [f"{edit_id}: no draft. {reason}" for edit_id, reason in result.failed.items()]
    drafts = _read(path)
    foreign = [
        brief.edit_id
        for brief in briefs
        if brief.edit_id in result.reused and not _is_of_brief(drafts[brief.edit_id], brief)
    ]
    if foreign:
        lines.append(
            "Kept, but begins unlike the edit, as one of another run would: "
            f"{', '.join(foreign)}. Check these before use."
        )
    lines.append(
        f"{len(result.drafted)} drafted, {len(result.reused)} kept from before, "
        f"{len(result.failed)} failed, in {path}."
    )
    if n_picked > len(briefs):
        lines.append(
            f"{n_picked - len(briefs)} edits need none: a heading, the site's own words moved, "
            "or slots for you to fill."
        )
    if drafts:
        n_slots = sum(drafts.get(brief.edit_id, "").count("[FACT NEEDED:") for brief in briefs)
        lines.append(
            f"Read each draft: fill or take out its {n_slots} slots, check marked extracts. "
            "Then coverage-kit apply --drafts."
        )
    return "\n".join(lines)


def _is_of_brief(text: str, brief: Brief) -> bool:
    """Return whether a draft on disk begins as a draft for this brief would.

    A draft for an older run's edit of the same id does not.
    """
    start = brief.before or next(iter(brief.headings), "")
    return " ".join(text.split()).startswith(" ".join(start.split()))


def _read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    try:
        drafts = parse_json(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise RunError(
            str(path),
            "a JSON file of drafts",
            str(error).splitlines()[0],
            "Name another file with --out.",
        ) from error
    if not isinstance(drafts, dict) or not all(isinstance(text, str) for text in drafts.values()):
        raise RunError(
            str(path),
            "an object of texts by edit id",
            type(drafts).__name__,
            "Name another file with --out.",
        )
    return drafts
