"""What `mlpack serve` promises on speed: against bare echoes, against its peers, and against itself."""
