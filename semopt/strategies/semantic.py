"""`semantic`: the smallest file that is still recognised, whatever a person thinks of it."""

from semopt.search import recognise
from semopt.strategies.value import Plain

SEMANTIC = Plain("semantic", "machines", ("avif", "webp", "jpeg"), "smallest", True, recognise)
