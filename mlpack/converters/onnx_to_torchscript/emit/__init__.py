"""One module per family of operators: what source text a node becomes."""
