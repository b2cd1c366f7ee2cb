"""What a storage made of a bundle."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Any


def sha256(data: bytes) -> str:
    """Return the digest of bytes as OCI writes it: ``sha256:`` and 64 hex digits."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


@dataclass(frozen=True, slots=True)
class Artifact:
    """Where a bundle is kept, and the digest that loading it must find."""

    uri: str
    #: ``sha256:...`` of the stored bytes (not the flow's digest, which is of meaning).
    digest: str
    size_bytes: int

    def to_json(self) -> dict[str, Any]:
        """Return the artifact as JSON values."""
        return asdict(self)
