"""One coercer for REST, gRPC and batch: values to arrays, and answers back to values."""
