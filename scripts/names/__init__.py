"""Honest objects of real libraries, their pickles, and the names that these use: what the lists of allowed names are made from."""
