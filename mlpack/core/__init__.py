"""The words that everything else is written in: errors, results, and the protocols of the three axes."""
