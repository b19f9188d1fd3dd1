"""The smallest candidate that is still recognised: the search for `semantic`, and its exhaustive yardstick.

Network passes are the cost. A surrogate predicts bytes and margin of every candidate of the lattice, the margin from a
learned first guess on (`guess`); the next pass goes where the expected saving (chance of passing times the logarithm of
the bytes saved) is largest, and the search ends where no candidate promises what a pass is worth. The winner must be
recognised in the mean of three altered looks too, and its neighbours (`neighbours`) must be seen better than it needs
to be, or the search goes on without it; then the judges that take no part in the search look. A wrong guess costs
passes and bytes, and changes nothing of what is accepted. With MobileNetV2 3 search and 5 confirm passes and 9 encodes
in the median of 82 photographs, at 1.036 times the bytes of the exhaustive search; `make bench` measures it.
"""

from __future__ import annotations

from semopt.search.hunt import Hunt
from semopt.types import Halt, Problem, Search


def recognise(problem: Problem) -> Search:
    """Search the lattice for the smallest accepted candidate; with `write: each` one for each format at its size."""
    hunt = Hunt(problem)
    try:
        yield from hunt.anchor()
        winner = yield from hunt.approved(range(len(hunt.board.candidates)))
        if winner is None:
            hunt.outlook.doubt()
            winner = yield from hunt.approved(range(len(hunt.board.candidates)))
        if winner is None and hunt.relaxed():
            winner = yield from hunt.approved(range(len(hunt.board.candidates)))
        accepted = [] if winner is None else [winner]
        if winner is not None and problem.write == "each":
            accepted += yield from hunt.siblings(winner)
    except Halt:
        return hunt.board.conclude(hunt.confirmed(), "the time was up before anything was found", complete=False)
    try:
        for index in accepted if problem.below else ():
            yield from hunt.below(index)
    except Halt:
        return hunt.board.conclude(accepted, complete=False)
    return hunt.board.conclude(accepted, hunt.nothing())


def exhaustive(problem: Problem) -> Search:
    """The same lattice and acceptance with everything encoded and judged in the order of bytes: the yardstick."""
    hunt = Hunt(problem)
    yield from hunt.board.encode(range(len(hunt.board.candidates)))
    found = yield from hunt.first()
    if not found and hunt.relaxed():
        found = yield from hunt.first()
    return hunt.board.conclude(found, hunt.nothing())
