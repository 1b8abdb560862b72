"""The command line: each command calls one function and hands its result to the one renderer."""
