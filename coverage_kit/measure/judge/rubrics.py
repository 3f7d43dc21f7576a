"""Rubrics, a TOML file each: what is judged, the scale, the parts shown, and the pass marks."""

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    model_validator,
)

from coverage_kit.errors import SettingsError
from coverage_kit.text.parse import parse_toml

# The folder of the rubrics that come with the package.
SHIPPED = Path(__file__).parent / "rubrics"
# Names such as "answers-query": they are part of keys, file names and the command line.
_NAME = r"^[a-z][a-z0-9-]{0,60}$"


class PassMarks(BaseModel):
    """What a judge must reach with the rubric; otherwise its grades are not used.

    Rates are shares from 0 to 1, biases are in grades of the scale. .667 is Krippendorff's own
    bound for tentative conclusions (2011); all other marks are assumed (docs/method.md).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    graded_rate: float | None = Field(0.9, description="judgements with a grade, at least")
    test_retest: float | None = Field(0.7, description="correlation of repeats, at least")
    krippendorff_alpha: float | None = Field(0.667, description="agreement of repeats, at least")
    human_agreement: float | None = Field(
        0.7,
        description="pairs of items in people's order, at least, where people judged some",
    )
    position_bias: float | None = Field(
        0.2,
        description="grades by which another order of the parts moves the mean, at most",
    )
    flip_rate: float | None = Field(
        0.2,
        description="items whose whole grade changes with the order of the parts, at most",
    )
    injection_resistance: float | None = Field(
        0.95, description="attacks that raise no grade, at least"
    )


class Rubric(BaseModel):
    """A rubric, as its file states it."""

    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))

    name: str = Field(pattern=_NAME)
    version: int = Field(1, ge=1, description="raise it with every change of meaning")
    title: str = Field(min_length=1)
    criterion: str = Field(min_length=1, description="what is judged")
    steps: tuple[str, ...] = Field(min_length=1, description="how to judge, one step each")
    lowest: int = Field(1, ge=0, le=99)
    highest: int = Field(5, ge=1, le=99)
    meanings: dict[str, str] = Field(
        default_factory=dict, description="what a grade means, by grade"
    )
    parts: tuple[str, ...] = Field(min_length=1, description="names of the texts shown, in order")
    orderable: tuple[str, ...] = Field((), description="parts whose order is swapped")
    attacked: tuple[str, ...] = Field(
        (),
        description="parts that others write, to which the tests add instructions",
    )
    pass_marks: PassMarks = PassMarks()

    @model_validator(mode="after")
    def _check(self) -> "Rubric":
        grades = {str(grade) for grade in self.grades}
        if self.lowest >= self.highest:
            raise ValueError("lowest must be below highest")
        if not {*self.orderable, *self.attacked} <= set(self.parts):
            raise ValueError("orderable and attacked must name parts")
        if not set(self.meanings) <= grades:
            raise ValueError("meanings must be of grades on the scale")
        return self

    @property
    def grades(self) -> range:
        """Every grade of the scale."""
        return range(self.lowest, self.highest + 1)

    @property
    def is_swappable(self) -> bool:
        """Whether there are parts whose order may be swapped."""
        return len(self.orderable) > 1

    @cached_property
    def key(self) -> str:
        """Name, version and a digest of all that a judge sees: a changed rubric has another key."""
        # No judge sees the pass marks, so a change of a mark does not make grades void.
        content = self.model_dump(mode="json", exclude={"pass_marks"})
        digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
        return f"{self.name}@{self.version}.{digest[:6]}"

    def ordered_parts(self, is_swapped: bool = False) -> tuple[str, ...]:
        """Return the parts in the order shown; where swapped, the orderable parts in reverse."""
        if not is_swapped:
            return self.parts
        reverse = iter([part for part in self.parts if part in self.orderable][::-1])
        return tuple(next(reverse) if part in self.orderable else part for part in self.parts)


def read_rubric(path: Path) -> Rubric:
    """Return the rubric of a TOML file. Raises SettingsError for one that cannot be read."""
    try:
        return Rubric.model_validate(parse_toml(path.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise SettingsError(
            str(path),
            "a rubric",
            error.strerror or "no file",
            "Correct judge.rubrics.",
        ) from None
    except ValueError as error:
        problem = " ".join(str(error).split())[:300]
        cure = "Write it like those in coverage_kit/measure/judge/rubrics."
        raise SettingsError(
            str(path),
            "name, title, criterion, steps, scale and parts",
            problem,
            cure,
        ) from None


def read_rubrics(folder: str | Path = "") -> dict[str, Rubric]:
    """Return the shipped rubrics and those of a folder by name.

    A rubric of the folder replaces a shipped rubric of the same name. Raises SettingsError where
    there is no such folder, for a file that cannot be read, and for two files of the same name.
    """
    shipped = {rubric.name: rubric for rubric in map(read_rubric, sorted(SHIPPED.glob("*.toml")))}
    if not folder:
        return shipped
    if not Path(folder).is_dir():
        raise SettingsError(
            "judge.rubrics",
            "a folder of rubrics",
            str(folder),
            "Name a folder, or leave it out.",
        )
    added: dict[str, Rubric] = {}
    for path in sorted(Path(folder).glob("*.toml")):
        rubric = read_rubric(path)
        if rubric.name in added:
            raise SettingsError(
                str(path),
                "a name of its own",
                repr(rubric.name),
                "Rename one of the two.",
            )
        added[rubric.name] = rubric
    return shipped | added


def pick_rubrics(names: Sequence[str], folder: str | Path = "") -> list[Rubric]:
    """Return the rubrics of these names, shipped or of a folder.

    Raises SettingsError for an unknown name.
    """
    rubrics = read_rubrics(folder)
    unknown = [name for name in names if name not in rubrics]
    if unknown:
        raise SettingsError(
            "rubric",
            f"one of {', '.join(sorted(rubrics))}",
            repr(unknown[0]),
            "Correct the name.",
        )
    return [rubrics[name] for name in names]
