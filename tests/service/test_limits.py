"""How many files a program may open: raised where it can be, said where it cannot."""

import resource

import pytest

from macrid.service.limits import more_files


@pytest.mark.parametrize(("hard", "allowed", "said"), [(256, 256, True), (4096, 4096, False),
                                                      (resource.RLIM_INFINITY, 65_536, False)])
def test_as_many_files_as_the_system_allows(monkeypatch, caplog, hard, allowed, said):
    now = [256, hard]
    monkeypatch.setattr(resource, "getrlimit", lambda _: tuple(now))
    monkeypatch.setattr(resource, "setrlimit", lambda _, wanted: now.__setitem__(0, wanted[0]))
    assert more_files() == allowed
    assert ("open 256 files" in caplog.text) == said
