"""PassageText: a passage's words with its headings, as it is embedded; of a page that is there or of an edit."""

from typing import NamedTuple

_WORDS_OF_A_HEADING = 10


class PassageText(NamedTuple):
    """The headings above a passage, joined by ' > ', and its words."""

    heading_path: str
    text: str

    @property
    def embedded(self) -> str:
        """The text that is embedded: headings, then words.

        >>> PassageText("Bikes > Brakes", "They stop.").embedded
        'Bikes > Brakes. They stop.'
        """
        return f"{self.heading_path}. {self.text}" if self.heading_path else self.text

    @property
    def heading(self) -> str:
        """The passage's own heading: the last of its path, or its first words where it has none.

        >>> PassageText("Bikes > Brakes", "They stop.").heading
        'Brakes'
        """
        own = self.heading_path.split(" > ")[-1].strip()
        return own or " ".join(self.text.split()[:_WORDS_OF_A_HEADING])
