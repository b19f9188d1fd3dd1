"""`both`: close to the eye and recognised by the judges, whichever is the stricter.

Judges that cannot decide about an original have no say.
"""

from semopt.search import routed
from semopt.search.eye import close_to_the_eye
from semopt.strategies import FORMATS
from semopt.strategies.value import Plain
from semopt.strategies.visual import VISUAL
from semopt.types import Problem, Search


def _find(problem: Problem) -> Search:
    ways = ((VISUAL.name, VISUAL.find),)
    return routed(problem, lambda p: close_to_the_eye(p, judged=True), graphics=ways, photos=ways)


BOTH = Plain("both", "people", FORMATS["both"], "each", True, _find)
