"""`both`: close to the eye and recognised by the judges, whichever is the stricter."""

from semopt.search.eye import close_to_the_eye
from semopt.strategies import FORMATS
from semopt.strategies.value import Plain

BOTH = Plain("both", "people", FORMATS["both"], "each", True, lambda p: close_to_the_eye(p, judged=True))
