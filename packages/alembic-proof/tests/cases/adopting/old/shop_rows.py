"""Rows of the project's own, for a check that nobody can guess."""


def rows() -> dict[str, list[dict[str, object]]]:
    return {
        "users": [
            {"id": 1, "legacy": 7, "code": "K001-ae"},
            {"id": 2, "legacy": None, "code": "K002-io"},
            {"id": 3, "legacy": None, "code": "K003-uu"},
        ]
    }
