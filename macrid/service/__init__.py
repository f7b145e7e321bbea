"""A bundle as an HTTP interface, `macrid serve`, and `Client`, which asks one."""

from .client import Client

__all__ = ["Client"]
