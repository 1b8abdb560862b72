"""gRPC: the Open Inference Protocol, the typed service of the model, health and reflection."""
