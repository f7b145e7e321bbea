"""What the tests of the service share: one of the small bundle, asked without a network."""

import pytest
from starlette.testclient import TestClient

from macrid.service.app import make_app
from macrid.service.client import Client
from macrid.service.options import Options
from macrid.service.shelf import Shelf


@pytest.fixture(scope="session")
def shelf(trained):
    return Shelf((str(trained),))


@pytest.fixture
def serving(trained, shelf, monkeypatch):
    """asker(**options): a client of a service that is started with some options, of the small bundle."""
    def start(**options):
        monkeypatch.delenv("MACRID_KEYS", raising=False) if "key" not in options else monkeypatch.setenv(
            "MACRID_KEYS", options.pop("key"))
        given = {"bundles": (str(trained),), "rate": 0.0, "log": "none", "watch": 0.0} | options
        return TestClient(make_app(Options(**given), shelf), base_url="http://localhost")

    return start


@pytest.fixture
def http(serving):
    return serving()


@pytest.fixture
def client(http):
    return Client(bundle="tiny", http=http)
