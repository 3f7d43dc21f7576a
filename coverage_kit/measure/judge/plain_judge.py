"""The judge without a model: deterministic, offline, and deaf to instructions."""

from coverage_kit.errors import JudgeError
from coverage_kit.measure.judge.plain_grades import EVALUATORS
from coverage_kit.measure.judge.protocol import CostForecast, Grade, Item
from coverage_kit.measure.judge.rubrics import Rubric
from coverage_kit.measure.support import Similarity

PLAIN = "plain@1"


class PlainJudge:
    """Grades by words, figures, names and negation, and by vectors where it is given a similarity.

    Args:
        similarity: cosines of a text with others, such as an encoder's; without it words alone
            count.
        similarity_name: what that is, told in the judge's name: with it, it is another judge.
    """

    def __init__(
        self,
        similarity: Similarity | None = None,
        similarity_name: str = "vectors",
    ) -> None:
        self._similarity = similarity
        self._name = f"{PLAIN}+{similarity_name}" if similarity else PLAIN

    @property
    def name(self) -> str:
        """Name and version."""
        return self._name

    def grade(
        self,
        rubric: Rubric,
        item: Item,
        repeat: int = 0,
        is_swapped: bool = False,
    ) -> Grade:
        """Return the grade, the same at each repeat and in either order of the parts; none where the rubric needs a model."""
        evaluate = EVALUATORS.get(rubric.evaluator)
        if evaluate is None:
            return Grade(None, error="this rubric needs a language model")
        try:
            return Grade(rubric.place(evaluate(item.parts, self._similarity)))
        except JudgeError as error:
            return Grade(None, error=error.found)

    def foresee(
        self,
        rubric: Rubric,
        item: Item,
        repeat: int = 0,
        is_swapped: bool = False,
    ) -> CostForecast:
        """Return that it costs nothing."""
        return CostForecast()
