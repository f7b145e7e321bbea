"""Several processes that answer, forked from the one that has opened the bundles: they share all of its memory.

When a bundle is exchanged, others are forked, and those before retire: they take no more connections, close each of theirs
after its next answer, and end. The first process does nothing but this; what it watches over is lost with it.
"""

import gc
import logging
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from types import FrameType

import uvicorn

log = logging.getLogger(__name__)
DRAIN = 15  # seconds that running answers have once the service is asked to stop
RETIRED = 30  # seconds after which a connection is closed whose other side asks nothing more, or asks live
AGAIN = 0.5  # seconds before another takes the place of a process that died: it may be what kills them
ENDING = (signal.SIGINT, signal.SIGTERM)
_FORK = multiprocessing.get_context("fork")


class _Asked(BaseException):
    """A signal asked to stop."""


@dataclass(frozen=True)
class _Worker:
    """A process that answers, and the end of a pipe: once it is closed, here or with this process, the other retires."""

    process: ForkProcess
    line: int


class Workers:
    """`number` processes that answer as `config` says. No thread of Python may run when they are forked."""

    def __init__(self, config: uvicorn.Config, number: int) -> None:
        self.config, self.number = config, number
        self.config.load()  # what it imports is shared, too
        self._answering: list[_Worker] = []
        self._retiring: list[ForkProcess] = []
        self._lines: list[int] = []

    def run(self, look: Callable[[], bool], watch: float) -> None:
        """Answer until a signal says stop. Every `watch` seconds `look` is asked whether a bundle was exchanged."""
        for each in ENDING:
            signal.signal(each, _stop)
        listening = self.config.bind_socket()
        try:
            self._renew(listening)
            while True:
                wait([worker.process.sentinel for worker in self._answering], watch or None)
                self._fill(listening)
                if look():
                    self._renew(listening)
        except _Asked:
            pass
        finally:
            self._end()

    def _renew(self, listening: socket.socket) -> None:
        """Other processes, that have what is open now, for those that answer."""
        before, self._answering = self._answering, []
        gc.unfreeze()
        gc.collect()
        gc.freeze()  # a collection in a worker would write to what it shares
        self._fill(listening)
        for worker in before:
            self._hang_up(worker)

    def _hang_up(self, worker: _Worker) -> None:
        self._lines.remove(worker.line)
        os.close(worker.line)
        self._retiring.append(worker.process)

    def _fill(self, listening: socket.socket) -> None:
        """Fork what is missing."""
        self._retiring = [process for process in self._retiring if process.is_alive()]
        for worker in self._answering:
            if not worker.process.is_alive():
                log.error("a worker ended (%s); another takes its place", worker.process.exitcode)
                self._hang_up(worker)
                time.sleep(AGAIN)
        self._answering = [worker for worker in self._answering if worker.line in self._lines]
        while len(self._answering) < self.number:
            self._answering.append(self._fork(listening))

    def _fork(self, listening: socket.socket) -> _Worker:
        far, near = os.pipe()
        self._lines.append(near)
        process = _FORK.Process(target=self._answer, args=(listening, far))
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)  # until the worker has forgotten what this process does then
        process.start()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        os.close(far)
        return _Worker(process, near)

    def _answer(self, listening: socket.socket, line: int) -> None:
        """What a worker does."""
        for each in ENDING:
            signal.signal(each, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        for near in self._lines:  # else nobody would hear of it when the first process closes one
            os.close(near)
        _Server(self.config, line).run([listening])

    def _end(self) -> None:
        """Let all of them answer what they have begun, and end."""
        for each in ENDING:
            signal.signal(each, signal.SIG_IGN)
        processes = [*self._retiring, *(worker.process for worker in self._answering)]
        for process in processes:
            process.terminate()
        until = time.monotonic() + DRAIN + 1
        for process in processes:
            process.join(max(0, until - time.monotonic()))
            process.kill()


class _Server(uvicorn.Server):
    """uvicorn's server in a worker; `line`: a pipe that ends when it is to retire."""

    def __init__(self, config: uvicorn.Config, line: int) -> None:
        super().__init__(config)
        self.line, self.until = line, float("inf")
        os.set_blocking(line, False)

    async def on_tick(self, counter: int) -> bool:
        """Whether to end now; uvicorn asks ten times a second."""
        if self.until == float("inf") and self._hung_up():
            self.until = time.monotonic() + RETIRED
            for server in self.servers:
                server.close()
            self.config.encoded_headers.append((b"connection", b"close"))
            self.server_state.default_headers = [*self.server_state.default_headers, (b"connection", b"close")]
        retired = self.until < float("inf") and not self.server_state.connections
        return retired or time.monotonic() > self.until or await super().on_tick(counter)

    def _hung_up(self) -> bool:
        try:
            return not os.read(self.line, 1)
        except BlockingIOError:
            return False


def _stop(number: int, frame: FrameType | None) -> None:
    raise _Asked
