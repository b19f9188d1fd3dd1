"""Programs that measure and fit. None of them is part of the test suite: they take minutes and real photographs."""
