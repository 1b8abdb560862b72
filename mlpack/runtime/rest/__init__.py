"""REST: the typed route, the Open Inference Protocol, probes, metrics and the documentation."""
