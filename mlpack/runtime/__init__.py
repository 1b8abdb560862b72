"""The floor: signatures, sessions and manifests. Imports nothing of mlpack but itself, so that it can be copied as it stands."""
