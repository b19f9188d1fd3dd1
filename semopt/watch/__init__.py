"""Builds a tree, then rebuilds what changes: `watch` yields events and prints nothing."""

from semopt.watch.events import Built, Configured, Event, Notice, Origin, Removed, Watching
from semopt.watch.loop import watch

__all__ = ["Built", "Configured", "Event", "Notice", "Origin", "Removed", "Watching", "watch"]
