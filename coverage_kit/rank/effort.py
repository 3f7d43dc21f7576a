"""What an edit costs an editor, in minutes."""

from coverage_kit.settings import RankSettings


def editor_minutes(
    effort: RankSettings,
    base: float,
    n_added: int = 0,
    n_changed: int = 0,
    n_claims: int = 0,
) -> float:
    """Return the editor minutes of an edit, to one decimal (docs/method.md, Edits, *Cost*).

    Args:
        effort: minutes for each word and claim.
        base: minutes for the operation itself.
        n_added: number of words that are added.
        n_changed: number of words that are changed.
        n_claims: number of claims that need a source.
    """
    added_minutes = effort.added_word_minutes * n_added
    word_minutes = added_minutes + effort.changed_word_minutes * n_changed
    return round(base + word_minutes + effort.claim_minutes * n_claims, 1)


def count_words(text: str) -> int:
    """Return the number of words of a text, split at white space.

    >>> count_words("How far does it go?")
    5
    """
    return len(text.split())
