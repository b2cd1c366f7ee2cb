"""Shared libraries made by tests: the least that says what it needs."""

from __future__ import annotations

import struct

_HEAD, _PROGRAM = 64, 56


def make_library(*needed: str, soname: str = "") -> bytes:
    """Write an ELF file with a dynamic section and nothing else."""
    strings, tags = b"\0", []
    for tag, name in [*((1, n) for n in needed), *([(14, soname)] if soname else [])]:
        tags.append((tag, len(strings)))
        strings += name.encode() + b"\0"
    start = _HEAD + 2 * _PROGRAM
    size = 16 * (len(tags) + 3)
    tags += [(5, start + size), (10, len(strings)), (0, 0)]
    dynamic = b"".join(struct.pack("<QQ", *tag) for tag in tags)
    whole = start + size + len(strings)
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, _HEAD, 0, 0, _HEAD, _PROGRAM, 2, 64, 0, 0)
    load = struct.pack("<IIQQQQQQ", 1, 4, 0, 0, 0, whole, whole, 1)
    return head + load + struct.pack("<IIQQQQQQ", 2, 4, start, start, start, size, size, 8) + dynamic + strings
