"""An env.py that forgets to run the migrations."""
