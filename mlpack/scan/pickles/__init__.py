"""Reads pickles without running them: an opcode reader, a symbolic machine, and what can be said of the object."""
