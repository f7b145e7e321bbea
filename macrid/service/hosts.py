"""Which names a server goes by. A page elsewhere may let its own name point to this machine (DNS rebinding): what is asked
under a name that nobody gave is not answered. An address in numbers cannot be made to point elsewhere."""

import ipaddress
import os
import socket
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

HOSTS = "MACRID_HOSTS"  # names the variable that holds the names of this server, with commas between them


class Hosts:
    """localhost, the name of this machine, addresses in numbers, `named` and those of MACRID_HOSTS."""

    def __init__(self, named: Iterable[str] = ()) -> None:
        given = [name.strip().lower() for name in [*named, *os.environ.get(HOSTS, "").split(",")]]
        self.named = {name for name in given if name}
        self._machine = socket.gethostname().lower().partition(".")[0]

    def knows(self, host: str) -> bool:
        """Whether this server goes by a name, as a Host header has it, with or without a port."""
        name = host_of(f"//{host}")
        return name in self.named or name == "localhost" or name.endswith(".localhost") or _numbers(name) \
            or (bool(name) and name.partition(".")[0] == self._machine)

    def own(self, origin: str, host: str) -> bool:
        """Whether an Origin header names the server itself, as the Host header of the same question has it."""
        return bool(host) and origin_of(origin).lower() == host.lower()


def host_of(url: str) -> str:
    """The name in an address, in small letters, without port; empty where there is none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def origin_of(url: str) -> str:
    """Name and port of an address; empty for what is none."""
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""


def _numbers(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def header(scope: Mapping[str, Any], name: str) -> str:
    """A header of an ASGI scope; empty where it is not there, or there twice."""
    found = [value for key, value in scope.get("headers", ()) if key == name.encode()]
    return found[0].decode("latin-1") if len(found) == 1 else ""
