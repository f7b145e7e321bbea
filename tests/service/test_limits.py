"""How many files a program may open: raised where it can be, said where it cannot."""

import resource
from types import SimpleNamespace

import pytest

from macrid.service import limits
from macrid.service.limits import more_files, one_arena


@pytest.mark.parametrize(("hard", "allowed", "said"), [(256, 256, True), (4096, 4096, False),
                                                      (resource.RLIM_INFINITY, 65_536, False)])
def test_as_many_files_as_the_system_allows(monkeypatch, caplog, hard, allowed, said):
    now = [256, hard]
    monkeypatch.setattr(resource, "getrlimit", lambda _: tuple(now))
    monkeypatch.setattr(resource, "setrlimit", lambda _, wanted: now.__setitem__(0, wanted[0]))
    assert more_files() == allowed
    assert ("open 256 files" in caplog.text) == said


def test_threads_share_an_arena_where_that_can_be_said(monkeypatch):
    said = []
    monkeypatch.setattr(limits.sys, "platform", "linux")
    monkeypatch.setattr(limits.ctypes, "CDLL", lambda _: SimpleNamespace(mallopt=lambda *what: said.append(what) or 1))
    assert one_arena()
    assert said == [(limits.M_ARENA_MAX, 1)]
    monkeypatch.setattr(limits.ctypes, "CDLL", lambda _: SimpleNamespace())  # musl
    assert not one_arena()
    monkeypatch.setattr(limits.sys, "platform", "darwin")
    assert not one_arena()
