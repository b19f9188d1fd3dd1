"""`semantic`: the smallest file that is still recognised, whatever a person thinks of it.

What its judges cannot decide about is kept close to the eye; a drawing or screenshot keeps every pixel, where that is
smaller.
"""

from semopt.search import recognise, routed
from semopt.strategies import FORMATS
from semopt.strategies.lossless import LOSSLESS
from semopt.strategies.value import Plain
from semopt.strategies.visual import VISUAL
from semopt.types import Problem, Search

TO_THE_EYE = (VISUAL.name, VISUAL.find)


def _find(problem: Problem) -> Search:
    return routed(problem, recognise, graphics=((LOSSLESS.name, LOSSLESS.find), TO_THE_EYE), photos=(TO_THE_EYE,))


SEMANTIC = Plain("semantic", "machines", FORMATS["semantic"], "smallest", True, _find)
