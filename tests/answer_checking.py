"""A scripted model that checks questions, as a server of `chat_server` answers for it."""

import json
import re
from collections.abc import Callable
from typing import Any

from coverage_kit.vocabulary import Choice
from tests.chat_server import Reply

NEEDS = ("the main fact", "its conditions")


def part_of(body: dict[str, Any], name: str) -> str:
    """Return one fenced part of a prompt, such as QUESTION; '' where it has none."""
    user = body["messages"][1]["content"]
    part = re.search(rf"\n{name}\n(.*?)\n</{name.lower().replace(' ', '-')}-", user, re.S)
    return part[1] if part else ""


def checking_model(
    decide: Callable[[str], Choice], usage: tuple[int, int] | None = None
) -> Callable[[int, dict[str, Any]], Reply]:
    """Return a model that is honest about what a page says, and decides by the question's text.

    To say that an item is stated, it quotes the first words of the nearest passage.
    """

    def answer(number: int, body: dict[str, Any]) -> Reply:
        if not part_of(body, "ITEMS"):
            return Reply(text=json.dumps({"needs": NEEDS}), usage=usage)
        choice = decide(part_of(body, "QUESTION"))
        words = " ".join(part_of(body, "PASSAGE 1").split()[:8])
        quotes = {"answered": (words, words), "partly": (words, "")}.get(choice, ("", ""))
        items = [{"item": number, "quote": quote} for number, quote in enumerate(quotes, 1)]
        found = {"is_our_subject": choice != "not our subject", "items": items}
        return Reply(text=json.dumps(found), usage=usage)

    return answer
