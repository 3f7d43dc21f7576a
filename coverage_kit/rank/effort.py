"""What an edit costs an editor, in minutes."""

from coverage_kit.settings import RankSettings

# Minutes are estimates, so they are said in steps of this size.
_STEP = 5


def editor_minutes(
    effort: RankSettings,
    base: float,
    n_added: int = 0,
    n_changed: int = 0,
    n_claims: float = 0,
) -> float:
    """Return the editor minutes of an edit, in steps of 5 (docs/method.md, Edits, *Cost*).

    Args:
        effort: minutes for each word and claim.
        base: minutes for the operation itself.
        n_added: number of words that are added.
        n_changed: number of words that are changed.
        n_claims: number of claims that need a source; one whose source is known counts half.
    """
    added_minutes = effort.added_word_minutes * n_added
    word_minutes = added_minutes + effort.changed_word_minutes * n_changed
    return round_minutes(base + word_minutes + effort.claim_minutes * n_claims)


def round_minutes(minutes: float) -> float:
    """Return minutes in steps of 5, at least 5 where there is anything to do.

    >>> round_minutes(71.5), round_minutes(72.5), round_minutes(0.4), round_minutes(0.0)
    (70.0, 75.0, 5.0, 0.0)
    """
    if minutes <= 0:
        return 0.0
    return float(max(_STEP, _STEP * int(minutes / _STEP + 0.5)))
