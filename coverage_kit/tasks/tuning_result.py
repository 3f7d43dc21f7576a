"""The result of tuning: the encoder before and after on pages held out, in figures and words."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from coverage_kit.embed.finetune import TunedModel
from coverage_kit.measure.retrieval import DEPTH, Difference

# Names of the measures and of the two spaces, as the table of measures has them.
RECALL = f"recall@{DEPTH}"
RECIPROCAL_RANK = f"MRR@{DEPTH}"
IN_SPACE = "in the site's space"
AS_ENCODED = "as encoded"


@dataclass(frozen=True)
class Tuned:
    """What tuning brought on the pages held out, and what it cost.

    `measures` has a row for each measure and space: measure, space, before, after, difference, low,
    high (95% interval). `folder` is where the tuned encoder was written, None where it was not.
    `names` are those of the encoders before and after. `trained` has texts, tokens and seconds of
    the training; `seconds` counts all work except for reading site and log.
    """

    measures: pd.DataFrame
    folder: Path | None
    names: tuple[str, str]
    held_out_pages: tuple[str, ...]
    n_held_out_queries: int
    n_cited_pairs: int
    n_heading_pairs: int
    n_passages: int
    trained: TunedModel
    seconds: float
    has_passages: bool

    @property
    def is_better(self) -> bool:
        """Whether recall is better by more than noise, and nothing is lost in the site's space.

        More than noise: the interval lies above 0. Runs compare in the site's space, which does
        some of the same work as tuning, so that the gain is smaller there. A recall that is lower
        at all counts as lost, and so does a reciprocal rank that is lower by more than noise.
        """
        return self.find(RECALL, AS_ENCODED).low > 0 and not self.lost

    @property
    def lost(self) -> tuple[str, ...]:
        """The measures that are lower in the site's space, where runs compare."""
        recall, reciprocal_rank = (
            self.find(measure, IN_SPACE) for measure in (RECALL, RECIPROCAL_RANK)
        )
        is_lower = {
            RECALL: recall.value < 0,
            RECIPROCAL_RANK: reciprocal_rank.high < 0,
        }
        return tuple(measure for measure, lower in is_lower.items() if lower)

    def find(self, measure: str, space: str) -> Difference:
        """Return one measure's difference in one space."""
        row = self.measures[
            (self.measures["measure"] == measure) & (self.measures["space"] == space)
        ].iloc[0]
        return Difference(
            before=float(row["before"]),
            after=float(row["after"]),
            value=float(row["difference"]),
            low=float(row["low"]),
            high=float(row["high"]),
        )


def describe_tuning(tuned: Tuned) -> str:
    """Return in plain words how much better the encoder is, what that cost, and what to do."""
    paragraphs = (
        _describe_input(tuned),
        _describe_figures(tuned),
        _describe_verdict(tuned),
        _describe_trust(tuned),
    )
    return "\n\n".join(paragraphs)


def _describe_input(tuned: Tuned) -> str:
    trained = tuned.trained
    return (
        f"Learned from {tuned.n_cited_pairs} pairs of a query and a passage, "
        f"and {tuned.n_heading_pairs} of a heading and its "
        f"words: {trained.n_tokens:,} tokens in {trained.seconds:.0f} s; "
        f"{tuned.seconds:.0f} s with the test.\n"
        f"Tested on {tuned.n_held_out_queries} other queries on "
        f"{len(tuned.held_out_pages)} other pages, searching all {tuned.n_passages:,} passages."
    )


def _describe_figures(tuned: Tuned) -> str:
    """Return a line for each measure; the first decides, the last two must not be lower."""
    lines = []
    for space in (AS_ENCODED, IN_SPACE):
        for measure in (RECALL, RECIPROCAL_RANK):
            figure = tuned.find(measure, space)
            change = f"{figure.value:+.3f} [{figure.low:+.3f}, {figure.high:+.3f}]"
            lines.append(
                f"{measure:<9} {space:<19}  {figure.before:.3f} -> {figure.after:.3f}  {change}"
            )
    return "\n".join(lines)


def _describe_verdict(tuned: Tuned) -> str:
    verdict = _judge(tuned)
    if tuned.folder is None:
        return f"{verdict} Nothing was written; the encoder stays as it is.{_hint(tuned)}"
    use = f'To use it, set encoder = "{tuned.folder.as_posix()}" in [match] of coverage.toml'
    return (
        f"{verdict}\nThe tuned encoder is in {tuned.folder}. "
        f"{use}; runs before and after cannot be compared."
    )


def _judge(tuned: Tuned) -> str:
    recall = tuned.find(RECALL, AS_ENCODED)
    points = f"{100 * recall.value:+.1f} points of {RECALL}"
    least = f"{100 * recall.low:.1f}"
    if tuned.is_better:
        return f"Better by more than noise: {points}, at least {least} (95%)."
    if recall.low > 0:
        lost = ", ".join(
            f"{measure} {tuned.find(measure, IN_SPACE).value:+.3f}" for measure in tuned.lost
        )
        return (
            f"Better as encoded ({points}, at least {least}), "
            f"but lower in the site's space, where runs compare: {lost}."
        )
    return (
        f"Worse: {points}."
        if recall.high < 0
        else f"Not better by more than noise: {points}, and the interval holds 0."
    )


def _hint(tuned: Tuned) -> str:
    """Return what speaks for an encoder that was not adopted, '' where nothing does."""
    rank = tuned.find(RECIPROCAL_RANK, IN_SPACE)
    if rank.low <= 0:
        return ""
    return (
        "\nBut the first right passage ranks higher among the ten, where runs compare "
        f"({RECIPROCAL_RANK} {rank.value:+.3f}, at least {rank.low:.3f}): "
        "--keep writes the encoder all the same."
    )


def _describe_trust(tuned: Tuned) -> str:
    if tuned.has_passages:
        return "What counts as right was judged by people."
    return (
        "What counts as right is a page that an answer cites. That is not relevance: engines cite "
        "what they find and like, not all that would answer, and not only what does. The encoder "
        "comes nearer to what is cited."
    )
