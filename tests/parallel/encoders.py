"""Encoders that leave traces: workers are other processes, so files show what they did."""

import os
import time
from pathlib import Path
from uuid import uuid4

from coverage_kit.errors import EncoderError
from tests.encoder import WordEncoder


class TracedEncoder(WordEncoder):
    """Writes a file for each part, with a random name: the process and the number of texts."""

    def __init__(self, folder, name=WordEncoder.name):
        super().__init__()
        self.folder = Path(folder)
        self.name = name

    def encode(self, texts, role="passage"):
        unfinished = self.folder / f"{uuid4().hex}.new"
        unfinished.write_text(f"{os.getpid()} {len(texts)}")
        unfinished.rename(unfinished.with_suffix(".part"))
        self.dawdle()
        return super().encode(texts, role)

    def dawdle(self):
        pass


class SlowEncoder(TracedEncoder):
    """Takes long over its parts, until the folder holds a file 'go'."""

    def dawdle(self):
        until = time.monotonic() + 30
        while not (self.folder / "go").exists() and time.monotonic() < until:
            time.sleep(0.05)


class FailingEncoder(TracedEncoder):
    """Fails from its n-th part on, or is interrupted there."""

    def __init__(self, folder, at, is_interrupted=False):
        super().__init__(folder)
        self.at = at
        self.is_interrupted = is_interrupted

    def dawdle(self):
        if len(traces(self.folder)) >= self.at:
            if self.is_interrupted:
                raise KeyboardInterrupt
            raise EncoderError("model", "a whole model", "half of one", "Copy it again.")


def traces(folder):
    """Return process and number of texts of every part that was begun."""
    return [tuple(map(int, file.read_text().split())) for file in Path(folder).glob("*.part")]
