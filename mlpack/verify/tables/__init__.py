"""Tables and arrays of the user's, read without pandas and fitted to a signature."""
