"""Who asks: the assistants' robots, by the names that they put into the user agent."""

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

Purpose = Literal["training", "index", "live", "unknown"]
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
# The table of robots: the token in the user agent, whose it is, what it fetches for, and the names
# of the vendor's files of address ranges. A robot without a file's name is a token for robots.txt.
_TABLE = Path(__file__).with_name("bots.csv")


@dataclass(frozen=True)
class Bot:
    """One robot of an assistant.

    Attributes:
        token: the name by which its user agent is recognised, such as ChatGPT-User.
        assistant: the assistant that it fetches for, such as ChatGPT.
        purpose: training, index (for later answers) or live (for a user who waits).
        lists: names of the files in which its vendor publishes its address ranges.
    """

    token: str
    assistant: str
    purpose: Purpose
    lists: tuple[str, ...]

    @property
    def never_fetches(self) -> bool:
        """Whether it is a name for robots.txt alone: no request honestly bears it."""
        return not self.lists


@cache
def known_bots() -> tuple[Bot, ...]:
    """Return the robots of bots.csv in its order."""
    purposes: dict[str, Purpose] = {str(purpose): purpose for purpose in PURPOSES}
    with _TABLE.open(encoding="utf-8", newline="") as stream:
        return tuple(
            Bot(
                row["token"],
                row["assistant"],
                purposes[row["purpose"]],
                tuple(row["lists"].split()),
            )
            for row in csv.DictReader(stream)
        )


@cache
def _tokens() -> tuple[re.Pattern[bytes], dict[bytes, Bot]]:
    """Return what matches any token, longest first, and the robot of each token in lower case."""
    by_token = {bot.token.lower().encode(): bot for bot in known_bots()}
    longest_first = sorted(by_token, key=len, reverse=True)
    # Googlebot-Image and the like are other robots, which fetch no pages.
    pattern = rb"(?<![\w-])(" + b"|".join(map(re.escape, longest_first)) + rb")(?![\w-])"
    return re.compile(pattern), by_token


def find_bot(agent: bytes) -> Bot | None:
    """Return the robot that a user agent names, or None.

    Of several names the first counts, but a token that never fetches counts before all others.

    >>> find_bot(b"Mozilla/5.0 (compatible; ChatGPT-User/1.0; +https://openai.com/bot)").purpose
    'live'
    """
    pattern, by_token = _tokens()
    bots = [by_token[token] for token in pattern.findall(agent.lower())]
    return next((bot for bot in bots if bot.never_fetches), bots[0] if bots else None)


# Parts of tokens in lower case, of which each token has one: looking for few short texts in a block
# is what makes reading fast. A test compares them with the tokens.
_NEEDLES = (b"bot", b"-user", b"google-", b"gemini-", b"meta-", b"mistralai-", b"bytespider")
# The word around a needle is within this many bytes of it: no token is longer.
_REACH = 24
_WORD_BYTES = b"abcdefghijklmnopqrstuvwxyz0123456789_-"
_WORD = re.compile(rb"[a-z0-9_-]+")


def find_naming_lines(text: bytes) -> list[tuple[int, int]]:
    """Return start and end of the lines that hold a robot's token anywhere, in order."""
    lower = text.lower()
    _, by_token = _tokens()
    found = set[tuple[int, int]]()
    for needle in _NEEDLES:
        position = lower.find(needle)
        while position >= 0:
            after = position + len(needle)
            # The word around the needle: from the last sign before it to the first one after it.
            before = lower[max(0, position - _REACH) : position]
            start = position - len(before) + len(before.rstrip(_WORD_BYTES))
            word = _WORD.match(lower, start, after + _REACH)
            if word is not None and word[0] in by_token:
                line = text.rfind(b"\n", 0, position) + 1
                after = text.find(b"\n", after) + 1 or len(text)
                found.add((line, after))
            position = lower.find(needle, after)
    return sorted(found)
