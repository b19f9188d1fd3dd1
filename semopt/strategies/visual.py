"""`visual`: the smallest file of the original's size that stays over a perceptual floor."""

from semopt.search.eye import close_to_the_eye
from semopt.strategies import FORMATS
from semopt.strategies.value import Plain

VISUAL = Plain("visual", "people", FORMATS["visual"], "each", False, lambda p: close_to_the_eye(p, judged=False))
