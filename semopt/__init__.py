"""semopt: the smallest image a machine still recognises, as a step of an asset build."""

__version__ = "0.1.0"
