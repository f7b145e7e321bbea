"""What a service is started with."""

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from macrid.errors import InputError

KEYS = "MACRID_KEYS"  # names the variable that holds the keys, with commas between them
FEWEST_SIGNS = 16  # of a key


@dataclass(frozen=True)
class Options:
    """What is served, to whom, and how much of it at once."""

    bundles: tuple[str, ...]  # folders
    keys_file: str | None = None  # a key a line; MACRID_KEYS counts, too. Without keys, anybody may ask
    origins: tuple[str, ...] = ()  # of web pages that may ask, such as https://shop.example
    hosts: tuple[str, ...] = ()  # names that this service goes by, besides those of this machine
    rate: float = 100.0  # requests a second of a key, or of an address where there are no keys; 0: no limit
    most_items: int = 1000  # that a list may hold, or a history
    most_batch: int = 64  # requests in one
    most_bytes: int = 1 << 20  # of a body
    seconds: float = 10.0  # that an answer may take, from the first byte of its question
    waiting: int = 400  # questions that may wait for a processor before more are turned away
    watch: float = 2.0  # seconds between two looks at whether a bundle was replaced
    log: str = "text"  # text, json or none


@dataclass(frozen=True)
class Keys:
    """The keys that open the service, kept as digests only."""

    digests: frozenset[bytes] = field(repr=False)

    def __bool__(self) -> bool:
        return bool(self.digests)

    def knows(self, key: str) -> bool:
        """Whether that is one of the keys. A digest is looked up, so that how long it takes says nothing of a key."""
        return digest(key) in self.digests


def digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def read_keys(path: str | None) -> Keys:
    """The keys of the file `path`, one a line, empty lines and those that begin with # left out, and of MACRID_KEYS."""
    lines = os.environ.get(KEYS, "").split(",")
    if path:
        try:
            lines += Path(path).read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError) as error:
            raise InputError(f"--keys {path} cannot be read ({error}); write a key a line, as UTF-8 text") from error
    keys = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
    if path and not keys:
        raise InputError(f"--keys {path} holds no key; write one a line, or leave --keys out to let anybody ask")
    short = [key for key in keys if len(key) < FEWEST_SIGNS]
    if short:
        raise InputError(f"a key has {len(short[0])} signs; take {FEWEST_SIGNS} or more, such as openssl rand -hex 24 makes")
    return Keys(frozenset(map(digest, keys)))
