"""A client of the service, for Python."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from macrid.errors import InputError

if TYPE_CHECKING:
    import httpx
    from websockets.sync.client import ClientConnection

Answer = dict[str, Any]


class Client:
    """Asks the service at `address` of the bundle `bundle` (the first that is served, if none is named).

    key: where the service wants one. seconds: that an answer may take. http: an httpx.Client to ask with instead. Answers
    are those of the service, as dicts; a mistake raises InputError with its text, any other failure httpx.HTTPError.
    Whose list is meant is said by `user`, a held-out person of the bundle, or `items`, a history of item ids.
    """

    def __init__(self, address: str = "http://127.0.0.1:8700", *, bundle: str | None = None, key: str | None = None,
                 seconds: float = 15.0, http: "httpx.Client | None" = None) -> None:
        import httpx

        self._address, self._headers = address.rstrip("/"), {"Authorization": f"Bearer {key}"} if key else {}
        self._http = http or httpx.Client(base_url=address, timeout=seconds)
        self.bundle = bundle or self.bundles()[0]["bundle"]

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def bundles(self) -> list[Answer]:
        """The bundles that are served."""
        return self._ask("GET", "/v1/bundles")["bundles"]

    def search(self, text: str, n: int = 20, offset: int = 0) -> list[Answer]:
        """Items whose title, category, genres or year have all the words."""
        return self._get("items", search=text, n=n, offset=offset)["items"]

    def items(self, ids: Sequence[str]) -> list[Answer]:
        """Items by their ids."""
        return self._get("items", id=list(ids))["items"]

    def similar(self, item: str, n: int = 20) -> list[Answer]:
        """The items nearest to one."""
        return self._get("similar", item=item, n=n)["items"]

    def people(self, n: int = 20, offset: int = 0) -> list[str]:
        """Held-out people."""
        return self._get("people", n=n, offset=offset)["people"]

    def factors(self, *, user: str | None = None, items: Sequence[str] | None = None) -> list[Answer]:
        """The macro factors, and a person's interest in each."""
        return self._get("factors", user=user, items=items)["factors"]

    def dials(self, factor: int, *, user: str | None = None, items: Sequence[str] | None = None) -> list[Answer]:
        """The dials of a factor, and where a person stands on each."""
        return self._get(f"factors/{factor}/dials", user=user, items=items)["dials"]

    def wishes(self, *, user: str | None = None, items: Sequence[str] | None = None) -> Answer:
        """What may be wished for, and what moves a person's list."""
        return self._get("wishes", user=user, items=items)

    def recommend(self, **asked: object) -> list[Answer]:
        """A person's list. asked: user or items; n, offset, scope (a factor), hide_seen, hide (ids), why."""
        return self._post("recommend", asked)["items"]

    def steer(self, **asked: object) -> Answer:
        """A steered list. asked: as for `recommend`, and dials, wishes, words, strength. A dial is a dict of factor, dim
        (its number or name), and value, share or by."""
        return self._post("steer", asked)

    def fold_in(self, items: Sequence[str]) -> Answer:
        """The user vector of a history."""
        return self._post("fold-in", {"items": list(items)})

    def batch(self, requests: Sequence[Mapping[str, Any]]) -> list[Answer]:
        """Several `steer`s in one; an answer for each, or its `problem`."""
        return self._post("batch", {"requests": [dict(each) for each in requests]})["answers"]

    @contextmanager
    def live(self) -> "Iterator[Live]":
        """A connection for lists that follow a dial: `with client.live() as turning: turning.steer(...)`."""
        from websockets.sync.client import connect

        address = "ws" + self._address.removeprefix("http") + self._of_bundle("live")
        with ExitStack() as opened:
            yield Live(lambda: opened.enter_context(connect(address, additional_headers=self._headers)))

    def _get(self, what: str, **query: object) -> Answer:
        given = {name: value for name, value in query.items() if value is not None}
        return self._ask("GET", self._of_bundle(what), query=given)

    def _post(self, what: str, asked: Mapping[str, Any]) -> Answer:
        return self._ask("POST", self._of_bundle(what), asked=asked)

    def _of_bundle(self, what: str) -> str:
        return f"/v1/bundles/{quote(self.bundle, safe='')}/{what}"

    def _ask(self, method: str, path: str, *, asked: Mapping[str, Any] | None = None,
             query: Mapping[str, Any] | None = None) -> Answer:
        answer = self._http.request(method, path, json=asked, params=query, headers=self._headers)
        if 400 <= answer.status_code < 500:
            raise InputError(_detail(answer))
        answer.raise_for_status()
        return answer.json()


class Live:
    """A connection that gives the newest list; when a service restarts, or a bundle is exchanged, it is opened again."""

    def __init__(self, connect: "Callable[[], ClientConnection]") -> None:
        self._connect, self._socket, self._seq = connect, connect(), 0

    def steer(self, **asked: object) -> Answer:
        """As `Client.steer`."""
        from websockets.exceptions import ConnectionClosed

        try:
            return self._steer(asked)
        except ConnectionClosed:
            self._socket = self._connect()
            return self._steer(asked)

    def _steer(self, asked: dict[str, object]) -> Answer:
        self._seq += 1
        self._socket.send(json.dumps(asked | {"seq": self._seq}))
        while True:
            found = json.loads(self._socket.recv())
            if "problem" in found and found.get("seq") in (None, self._seq):
                raise InputError(found["problem"]["detail"])
            if found.pop("seq") == self._seq:
                return found


def _detail(answer: "httpx.Response") -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"{answer.request.url} answers {answer.status_code}; is a macrid service there?"
