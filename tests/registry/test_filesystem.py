"""Which filesystem a file lies on is read from the table of mounts."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_flows.registry.filesystem import filesystem_type, is_network

MOUNTS = """\
/dev/vda1 / ext4 rw 0 0
proc /proc proc rw 0 0
server:/home /home nfs4 rw 0 0
/dev/vdb1 /home/ada/local\\040disk xfs rw 0 0
me@host: /mnt/remote fuse.sshfs rw 0 0
old /mnt/twice ext4 rw 0 0
new /mnt/twice cifs rw 0 0
cut
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/var/lib/x.sqlite", "ext4"),
        ("/home/ada/x.sqlite", "nfs4"),
        ("/home/ada/local disk/x.sqlite", "xfs"),
        ("/homestead/x.sqlite", "ext4"),
        ("/mnt/remote/deep/x.sqlite", "fuse.sshfs"),
        ("/mnt/twice/x.sqlite", "cifs"),
    ],
)
def test_the_longest_mount_counts(tmp_path, path, expected):
    """The mount that lies closest above a path is its filesystem, and the later one of two on one place."""
    (tmp_path / "mounts").write_text(MOUNTS)
    assert filesystem_type(Path(path), mounts=tmp_path / "mounts") == expected


def test_without_a_table(tmp_path):
    """Where no table tells, the type is unknown, and so not a network's."""
    assert filesystem_type(tmp_path, mounts=tmp_path / "absent") == ""
    assert not is_network("")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("nfs", True),
        ("nfs4", True),
        ("cifs", True),
        ("smb3", True),
        ("lustre", True),
        ("fuse.sshfs", True),
        ("fuse.s3fs", True),
        ("ext4", False),
        ("overlay", False),
        ("tmpfs", False),
        ("fuse.fuse-overlayfs", False),
    ],
)
def test_network_filesystems(kind, expected):
    """Filesystems that several machines may mount at once are told from local ones."""
    assert is_network(kind) is expected
