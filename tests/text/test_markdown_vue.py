"""Attributes of Vue in tags are no words, and the words within are."""

import contextlib

import pytest

from coverage_kit.collect.markdown import extract_markdown
from coverage_kit.collect.page_try import PageError
from tests.timing import is_in_proportion


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ('Click <b @click="count++">here</b> now.', "Click here now."),
        ("<template #header>Slot head</template>\n\nAfter.", "Slot head\n\nAfter."),
        ("<template v-slot:header>Slot head</template>", "Slot head"),
        ('<Block :title="\'x\'" @click="y => z > 3">Slot words</Block>', "Slot words"),
        ("If a < b @c > d, then x <y @z.", "If a < b @c > d, then x <y @z."),
        ("Write to <ann@a.example>.", "Write to ann@a.example."),
        ('`<b @click="x">` is code.', '<b @click="x"> is code.'),
    ],
)
def test_tags_with_attributes_of_vue_are_no_words(source, text):
    assert extract_markdown(source.encode()).text == text


@pytest.mark.parametrize("sign", ["<a @b ", '<a @b="', "<a " + "@b " * 20, "<", "<a @"])
def test_hostile_tags_take_linear_time(sign):
    def extract(n_characters: int) -> None:
        with contextlib.suppress(PageError):
            extract_markdown((sign * n_characters)[:n_characters].encode())

    assert is_in_proportion(extract, 10_000, 40_000)
