"""`make soak`: long runs that try to break what the tests prove in small, each with its figures."""
