"""`visual`: the smallest file of the original's size that stays over a perceptual floor."""

from semopt.search.eye import close_to_the_eye
from semopt.strategies.value import Plain

VISUAL = Plain("visual", "people", ("avif", "webp", "jpeg"), "each", False, lambda p: close_to_the_eye(p, judged=False))
