"""Studies in a database that machines share, by Optuna (an extra). Those that stopped are known by Optuna's heartbeats."""

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING

from macrid.errors import InputError

if TYPE_CHECKING:
    from optuna import Study
    from optuna.storages import BaseStorage

HEARTBEAT = 60  # seconds between two signs of life in a database; after four without one a trial is given to others


def optuna(what: str) -> ModuleType:
    """The library, or InputError that says how to get it for `what` needs it."""
    try:
        import optuna as library
    except ImportError as error:
        raise InputError(f"{what} needs Optuna, which is not installed: pip install 'macrid[tune]'") from error
    library.logging.set_verbosity(library.logging.ERROR)
    return library


@contextmanager
def heartbeats(library: ModuleType) -> Iterator[None]:
    """Without a word of Optuna's that they are experimental."""
    with warnings.catch_warnings(action="ignore", category=library.exceptions.ExperimentalWarning):
        yield


def opened(library: ModuleType, url: str, again: bool = True) -> "BaseStorage":
    """The database at an address, or InputError. The address is said nowhere: it may have a password. again: try twice, as
    another process may be making the tables."""
    retry = library.storages.RetryHeartbeatStaleTrialCallback()
    try:
        return library.storages.RDBStorage(url, heartbeat_interval=HEARTBEAT, grace_period=4 * HEARTBEAT,
                                           heartbeat_stale_trial_callback=retry)
    except Exception as error:  # SQLAlchemy's, Optuna's and those of whatever driver it is
        if again:
            time.sleep(1)
            return opened(library, url, again=False)
        reason = (str(error).splitlines() or ["?"])[0].replace(url, "the address")
        raise InputError(f"--storage cannot be opened ({type(error).__name__}: {reason:.200}); give a database that is "
                         "there as SQLAlchemy writes it, such as postgresql://user@host/name, with its driver") from error


def study_in(library: ModuleType, storage: "BaseStorage", name: str) -> "Study":
    """The study of that name, which is made if it is not there."""
    return library.create_study(storage=storage, study_name=name, direction="maximize", load_if_exists=True)
