"""Work that is killed: a process that does each piece of work in a child, and ends that where or when it is told to.

A step is whatever changes a file from Python (seen by an audit hook), each sync, and the begin and the end of each call
of the engine. `kill -9` at every step in turn reaches each state that Python code can leave; a kill some time after a
step reaches what lies inside of the engine's calls. No validation is done in these children, which makes them fast.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyoxigraph as ox

from kg import backup, export, gate
from kg.store import embedded, open_store
from kg.validate import Report

_CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate"}


@dataclass(frozen=True)
class Ended:
    """How a piece of work ended: killed or done, the steps it took if it was done, and the seconds."""

    killed: bool
    steps: int
    seconds: float


class Killer:
    """The process that does the work in children."""

    def __init__(self, requests: IO[str], replies: IO[str]) -> None:
        self._requests, self._replies = requests, replies

    def run(self, work: str, *arguments: str | Path, at: int = 0, later: float = 0, delay: float = 0) -> Ended:
        """Do a piece of work; kill it `later` seconds after the step `at`, or after a `delay` in seconds, if given."""
        self._requests.write(json.dumps([work, list(map(str, arguments)), at, later, delay]) + "\n")
        self._requests.flush()
        said = json.loads(self._replies.readline())
        assert not said["error"], said["error"]
        return Ended(said["killed"], said["steps"], said["seconds"])


@contextmanager
def killer() -> Iterator[Killer]:
    """Start the process that does the work, and end it."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, __file__], stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Killer(process.stdin, process.stdout)
        process.stdin.close()


def kill_later(command: list[str], delay: float) -> bool:
    """Run a command as a person does, and kill its whole process group after `delay` seconds; tell whether it ran."""
    null = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=null, stdout=null, stderr=null, start_new_session=True) as process:
        try:
            assert process.wait(delay) == 0
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return True
    return False


# --- in the child -----------------------------------------------------------------------------------


class _Steps:
    """Counts steps, and kills its own process at the chosen one."""

    def __init__(self, at: int, later: float) -> None:
        self.at, self.later, self.count = at, later, 0

    def step(self) -> None:
        self.count += 1
        if self.count != self.at:
            return
        if not self.later:
            os.kill(os.getpid(), signal.SIGKILL)
        doomed = os.getpid()
        if os.fork() == 0:
            time.sleep(self.later)
            if os.getppid() == doomed:
                os.kill(doomed, signal.SIGKILL)
            os._exit(0)

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _CHANGES or (event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_ACCMODE):
            self.step()

    def around(self, call: Callable[..., Any], *arguments: Any) -> Any:
        self.step()
        result = call(*arguments)
        self.step()
        return result


def _watch(steps: _Steps) -> None:
    """Have every step counted from here on."""

    class Engine:
        read_only = ox.Store.read_only

        def __init__(self, path: str) -> None:
            self._own = steps.around(ox.Store, path)

        def bulk_extend(self, quads: set[ox.Quad]) -> None:
            steps.around(self._own.bulk_extend, self._broken_up(quads))

        def optimize(self) -> None:
            steps.around(self._own.optimize)

        def extend(self, quads: list[ox.Quad]) -> None:
            steps.around(self._own.extend, quads)

        def remove(self, quad: ox.Quad) -> None:
            steps.around(self._own.remove, quad)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._own, name)

        def _broken_up(self, quads: set[ox.Quad]) -> Iterator[ox.Quad]:
            for number, quad in enumerate(quads):
                if number % 200 == 100:
                    steps.step()
                yield quad

    class Module:
        Store = Engine

        def __getattr__(self, name: str) -> Any:
            return getattr(ox, name)

    fsync = os.fsync

    def sync(file: int) -> None:
        steps.step()
        fsync(file)

    setattr(embedded, "ox", Module())  # noqa: B010
    setattr(os, "fsync", sync)  # noqa: B010
    sys.addaudithook(steps.hook)


def _build(place: str, file: str) -> None:
    gate.build(place, [Path(file)])


def _add(place: str, *files: str) -> None:
    gate.add(place, list(map(Path, files)))


def _remove(place: str, document: str) -> None:
    gate.remove(place, document)


def _export(place: str, target: str) -> None:
    export.write(open_store(place).quads(), "trig", Path(target))


def _backup(place: str, target: str) -> None:
    backup.write(place, Path(target))


def _restore(place: str, file: str) -> None:
    backup.restore(place, Path(file))


_WORK: dict[str, Callable[..., None]] = {
    "build": _build,
    "add": _add,
    "remove": _remove,
    "export": _export,
    "backup": _backup,
    "restore": _restore,
}


def _child(work: str, arguments: list[str], steps: _Steps, out: int) -> None:
    said: dict[str, object] = {"steps": 0, "error": ""}
    try:
        _watch(steps)
        _WORK[work](*arguments)
        said["steps"] = steps.count
    except BaseException:
        said["error"] = traceback.format_exc()
    steps.at = 0
    os.write(out, json.dumps(said).encode())
    os._exit(0)


def _serve() -> None:
    for name in ("checked", "validate_change"):
        setattr(gate, name, lambda *_: Report(()))
    for line in sys.stdin:
        work, arguments, at, later, delay = json.loads(line)
        inner, outer = os.pipe()
        began = time.monotonic()
        pid = os.fork()
        if pid == 0:
            _child(work, arguments, _Steps(at, later), outer)
        os.close(outer)
        if delay:
            time.sleep(delay)
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        told = {"steps": 0, "error": "", **json.loads(os.read(inner, 2**20) or b"{}")}
        os.close(inner)
        told |= {"killed": os.WIFSIGNALED(status), "seconds": time.monotonic() - began}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    _serve()
