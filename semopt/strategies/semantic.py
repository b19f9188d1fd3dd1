"""`semantic`: the smallest file that is still recognised, whatever a person thinks of it."""

from semopt.search import recognise
from semopt.strategies import FORMATS
from semopt.strategies.value import Plain

SEMANTIC = Plain("semantic", "machines", FORMATS["semantic"], "smallest", True, recognise)
