"""`both`: close to the eye and recognised by the judges, whichever is the stricter."""

from semopt.search.eye import close_to_the_eye
from semopt.strategies.value import Plain

BOTH = Plain("both", "people", ("avif", "webp", "jpeg"), "each", True, lambda p: close_to_the_eye(p, judged=True))
