"""The standard streams of a container, as an engine gives them over one connection."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Iterator
from typing import Any

#: Which stream a frame belongs to.
STDOUT, STDERR = 1, 2
_HEADER = struct.Struct(">BxxxL")
_CHUNK_BYTES = 1 << 16


class Attached:
    """Write to a container's standard input, and read what it says, until it ends.

    `connection` is what `docker.APIClient.attach_socket` returned. Attach before the container starts, and
    nothing is lost; when the connection ends, so does the container's standard input.
    """

    def __init__(self, connection: Any):
        # Over a Unix socket or plain HTTP it is a file around the socket, over TLS and SSH the socket itself.
        self._connection, self._socket = connection, getattr(connection, "_sock", connection)
        # A run may say nothing for hours.
        self._socket.settimeout(None)

    def send(self, line: str) -> None:
        """Write a line; raise `OSError` when nobody can read it any more."""
        self._socket.sendall(line.encode())

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """Yield each piece of output with its stream; ends when the container or the engine does."""
        buffer = bytearray()
        while data := self._receive():
            buffer += data
            while len(buffer) >= _HEADER.size:
                stream, length = _HEADER.unpack_from(buffer)
                end = _HEADER.size + length
                if len(buffer) < end:
                    break
                yield stream, bytes(buffer[_HEADER.size : end])
                del buffer[:end]

    def _receive(self) -> bytes:
        try:
            return bytes(self._socket.recv(_CHUNK_BYTES))
        except OSError:
            return b""

    def close(self) -> None:
        """Let go of the connection."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            self._connection.close()
