"""The floor: signatures, sessions, manifests. Imports nothing of mlpack but itself: it is copied as it stands."""
