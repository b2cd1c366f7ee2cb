"""Wake idle agents of this machine in well under a millisecond, by datagrams to sockets next to the registry.

A datagram says only "look": what there is to do stands in the registry. A lost one costs a poll's delay, never a run.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import select
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

_GONE = (errno.ECONNREFUSED, errno.ENOENT)


class Wakeups:
    """The folder of sockets that belongs to one registry file."""

    def __init__(self, registry: Path, *, host: str | None = None):
        self.folder = registry.with_name(registry.name + ".wake")
        # Sockets answer only on the machine that made them, also where the folder is shared.
        self._prefix = hashlib.sha256((host or socket.gethostname()).encode()).hexdigest()[:12] + "-"

    def listen(self) -> Listener:
        """Open a socket that `notify` will reach; without one (unusual filesystems), a listener that only waits."""
        try:
            with self._opened(make=True) as base:
                name = f"{self._prefix}{secrets.token_hex(8)}.sock"
                sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
                sock.bind(f"{base}/{name}")
        except OSError:
            return Listener(None, None)
        sock.setblocking(False)
        return Listener(sock, self.folder / name)

    def notify(self) -> None:
        """Wake every listener on this machine; sockets whose process died are cleared away."""
        if not self.folder.is_dir():
            return
        with contextlib.suppress(OSError), self._opened(make=False) as base:
            paths = [path for path in Path(base).iterdir() if path.name.startswith(self._prefix)]
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
                sock.setblocking(False)
                for path in paths:
                    _send(sock, path)

    @contextlib.contextmanager
    def _opened(self, *, make: bool) -> Iterator[str]:
        """Yield a short path of the folder: a socket's may have 107 bytes only, a data folder's may be longer."""
        if make:
            self.folder.mkdir(mode=0o700, exist_ok=True)
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self.folder, flags)
        try:
            found = os.fstat(descriptor)
            if found.st_uid not in (os.getuid(), 0) or stat.S_IMODE(found.st_mode) & 0o022:
                raise PermissionError(errno.EPERM, "others may write here", str(self.folder))
            short = f"/proc/self/fd/{descriptor}"
            yield short if Path(short).exists() else str(self.folder)
        finally:
            os.close(descriptor)


def _send(sock: socket.socket, path: Path) -> None:
    try:
        sock.sendto(b"look", str(path))
    except BlockingIOError:
        pass  # Its buffer is full of the same word.
    except OSError as error:
        if error.errno in _GONE:
            with contextlib.suppress(OSError):
                path.unlink()


class Listener:
    """One agent's ear."""

    def __init__(self, sock: socket.socket | None, path: Path | None):
        self._sock, self._path = sock, path
        # Lets other threads of this process end a wait, also where there is no socket.
        self._inner, self._poke = socket.socketpair()
        for end in (self._inner, self._poke):
            end.setblocking(False)

    @property
    def hears(self) -> bool:
        """Whether notifications arrive; without, work is found by polling alone."""
        return self._sock is not None

    def wait(self, seconds: float) -> bool:
        """Wait until woken, at most so long; tell whether somebody woke us."""
        ends = {end.fileno(): end for end in (self._sock, self._inner) if end is not None}
        poll = select.poll()  # Not select(): a busy kernel has descriptors above its limit of 1,023.
        for number in ends:
            poll.register(number, select.POLLIN)
        ready = poll.poll(max(0.0, seconds) * 1000)
        for number, _ in ready:
            _drain(ends[number])
        return bool(ready)

    def poke(self) -> None:
        """End the current or next `wait`, from any thread or signal handler."""
        with contextlib.suppress(OSError):
            self._poke.send(b"!")

    def close(self) -> None:
        """Close the sockets and remove ours from the folder."""
        for end in (self._sock, self._inner, self._poke):
            if end is not None:
                end.close()
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink()


def _drain(end: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):
        while end.recv(64):
            pass
