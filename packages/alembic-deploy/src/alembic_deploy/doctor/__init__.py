"""The doctor: what is wrong with a database, in plain words, and what to do about it."""
