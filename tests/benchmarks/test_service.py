"""The load of benchmarks/service.py is what it says: whole requests, each person's history kept for twenty turns."""

import json

import numpy as np
import service


def test_a_person_asks_twenty_times_with_one_history():
    person = service.Person([f"i{k}" for k in range(50)], np.random.default_rng(0))
    asked = []
    for _ in range(2 * service.TURNS):
        head, _, body = person.question().partition(b"\r\n\r\n")
        assert f"Content-Length: {len(body)}".encode() in head
        asked.append(json.loads(body))
    histories = [tuple(each["items"]) for each in asked]
    assert len(set(histories[:service.TURNS])) == len(set(histories[service.TURNS:])) == 1
    assert histories[0] != histories[-1]
    assert all(("wishes" in each) != ("dials" in each) for each in asked)
    assert all(len(set(history)) == service.HISTORY for history in histories)
