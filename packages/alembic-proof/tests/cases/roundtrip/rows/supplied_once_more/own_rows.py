"""Rows whose check nobody guesses."""


def rows() -> dict[str, list[dict[str, object]]]:
    """Two licences."""
    return {"licences": [{"id": 1, "code": "hello"}, {"id": 2, "code": "world"}]}
