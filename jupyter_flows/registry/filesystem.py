"""Tell which filesystem a file lies on: SQLite's write-ahead log is unsafe on shared ones."""

from __future__ import annotations

from pathlib import Path

#: Filesystems that several machines may mount at once. FUSE ones are told by their prefix.
NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "ncpfs", "afs", "ceph", "lustre", "gpfs", "beegfs"}
    | {"glusterfs", "panfs", "pvfs2", "orangefs", "ocfs2", "gfs2", "9p", "wekafs", "vboxsf"}
)
#: FUSE filesystems that are local.
LOCAL_FUSE = frozenset({"fuse.fuse-overlayfs", "fuse.mergerfs", "fuse.ntfs-3g", "fuse.gocryptfs", "fuse.encfs"})

MOUNTS = Path("/proc/self/mounts")


def filesystem_type(path: Path, *, mounts: Path = MOUNTS) -> str:
    """Return the type of the filesystem that holds `path` (``ext4``, ``nfs4``), or "" where nothing tells."""
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return ""
    place = path.resolve()
    found, depth = "", -1
    for fields in map(str.split, lines):
        if len(fields) < 3:  # noqa: PLR2004 - device, place, type
            continue
        mount = Path(fields[1].replace("\\040", " "))
        # A later mount on the same place hides the earlier one.
        if place.is_relative_to(mount) and len(mount.parts) >= depth:
            found, depth = fields[2], len(mount.parts)
    return found


def is_network(kind: str) -> bool:
    """Tell whether files of this filesystem type may be seen by other machines."""
    return kind in NETWORK or (kind.startswith("fuse.") and kind not in LOCAL_FUSE)
