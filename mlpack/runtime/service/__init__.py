"""One model being served: opened, proven, batched, counted."""
