"""What a mistake gets from the service."""


def problem(answer, status: int) -> str:
    """What a problem says, on one line."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found = answer.json()
    assert set(found) == {"type", "title", "status", "detail"}
    assert found["status"] == status
    assert "\n" not in found["detail"]
    return found["detail"]
