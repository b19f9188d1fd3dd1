"""`lossless`: the same pixels in fewer bytes, checked by decoding what was encoded."""

from semopt.search.board import Board
from semopt.search.lattice import displayed, fits
from semopt.strategies import FORMATS
from semopt.strategies.value import Plain
from semopt.types import Candidate, Halt, Problem, Search


def same_pixels(problem: Problem) -> Search:
    """Every lossless encoder once; those whose pixels came back identical are accepted."""
    source = problem.source
    able = [(e, size) for e in problem.encoders for size in displayed(problem) if e.lossless and fits(e, *size)]
    board = Board(problem, [Candidate(encoder.name, *size, None) for encoder, size in able])
    if not source.exact:
        return board.conclude([], "its pixels do not fit in 8 bits of sRGB, so no lossless copy is possible")
    try:
        for index in range(len(board.candidates)):
            yield from board.measure(index, "identical")
    except Halt:
        return board.conclude(_identical(board), "the time was up before anything was found", complete=False)
    return board.conclude(_identical(board), "no lossless encoder could hold it")


def _identical(board: Board) -> list[int]:
    return [index for index, trial in board.trials.items() if trial.measured == 1.0]


LOSSLESS = Plain("lossless", "people", FORMATS["lossless"], "each", False, same_pixels)
