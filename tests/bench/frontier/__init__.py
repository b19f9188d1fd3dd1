"""The frontier benchmark: bytes against the agreement of networks that took no part, for many ways to choose a file.

A photograph is *stable* where every judge that took no part gives one and the same confident answer on the original,
on its mirror image and on a WebP of quality 80 of its size. *Transfer agreement* is the share of the stable photographs
on which all those judges still give that answer on the file that was chosen. See docs/frontier.md.

    from tests.bench.frontier.evaluate import evaluate
"""
