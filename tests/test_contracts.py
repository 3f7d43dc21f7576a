import time

import pytest

from coverage_kit.contracts import fence_code, has_code, without_code


@pytest.mark.parametrize(
    ("text", "prose"),
    [
        ("Words alone.", "Words alone."),
        ("Run:\n\n```\nkit run\n```\n\nWait.", "Run:\n\nWait."),
        ("```\nkit run\n```", ""),
        ("```\na\n```\n\n```\nb\n```\n\nWait.", "Wait."),
        ("Run:\n\n````\n```\nkit\n```\n````\n\nWait.", "Run:\n\nWait."),
        # sentences that an edit has joined by spaces
        ("Run: ``` kit run ``` Wait.", "Run:\n\nWait."),
        ("Use `kit run` or ``kit``.", "Use `kit run` or ``kit``."),
        ("Type ``` to open a block.", "Type ``` to open a block."),
    ],
)
def test_blocks_of_code_are_left_out(text, prose):
    assert without_code(text) == prose
    assert has_code(text) == (prose != text)


@pytest.mark.parametrize("code", ["kit run", "a\n\n  b", "```\nin a block\n```", "`` ````` ``", ""])
def test_fenced_code_is_left_out_whatever_it_holds(code):
    assert without_code(f"Before.\n\n{fence_code(code)}\n\nAfter.") == "Before.\n\nAfter."


@pytest.mark.parametrize("piece", ["`", "``` ", "`" * 4 + "\n" + "`" * 3 + "\n", "```\n````\n"])
def test_hostile_fences_take_no_time(piece):
    start = time.process_time()
    without_code(piece * (1_000_000 // len(piece)))
    assert time.process_time() - start < 5
