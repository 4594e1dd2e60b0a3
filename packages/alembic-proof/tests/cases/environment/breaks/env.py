"""An env.py whose project is not installed."""

import no_such_project  # type: ignore[import-not-found]

no_such_project.run()
