"""Pure searches: generators that yield requests, are sent the answers, and return a SearchResult.

They know no disk, no config, no clock and no network; `semopt.pipeline` answers for many images at once, and may
throw `semopt.types.Halt` into one to have its best so far.
"""

from semopt.search.recognise import exhaustive, recognise
from semopt.search.routing import routed

__all__ = ["exhaustive", "recognise", "routed"]
