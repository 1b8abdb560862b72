"""Judges bytes and never runs them: the readers that the formats tell, describe and load files with."""
