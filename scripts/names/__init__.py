"""Honest objects of real libraries, their pickles, and the names that these use: what the lists are made from."""
