"""Values to text: what a command found, for people."""
