"""Small bases for tests: images that have what the builder looks at, and nothing that runs."""

from __future__ import annotations

import sys
from pathlib import Path

from jupyter_flows.images.archive import write_layer
from jupyter_flows.images.layout import LayoutStore
from jupyter_flows.images.manifest import OCI_CONFIG, OCI_LAYER, Blob, digest_of, to_bytes, write_manifest
from jupyter_flows.images.plan import File
from jupyter_flows.images.shipping import of_bytes
from jupyter_flows.images.store import Store

MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
#: What compiled packages commonly need of a base.
LIBRARIES = ("libstdc++.so.6", "libgcc_s.so.1", "libz.so.1")


def put_base(
    store: Store,
    folder: Path,
    *,
    tag: str = "base",
    python: str | None = MINOR,
    architecture: str = "amd64",
    libraries: tuple[str, ...] = LIBRARIES,
) -> str:
    """Keep a base of one layer in a store, and return its digest."""
    entries = [File("/etc/os-release", b"ID=tests\n")]
    entries += [File(f"/usr/lib/{name}", b"") for name in libraries]
    entries += [File(f"/usr/local/bin/python{python}", b"#!/bin/false\n", 0o755)] if python else []
    layer = write_layer(entries, folder / f"{tag}.tar.gz")
    document = {
        "architecture": architecture,
        "os": "linux",
        "config": {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"]},
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id]},
        "history": [{"created_by": "tests"}],
    }
    config = to_bytes(document)
    config_blob = Blob(OCI_CONFIG, digest_of(config), len(config))
    layer_blob = Blob(OCI_LAYER, layer.digest, layer.size_bytes)
    store.put(layer_blob, lambda: layer.path.open("rb"))
    store.put(config_blob, of_bytes(config_blob, "", config).source)
    manifest = write_manifest(config_blob, [layer_blob], {})
    store.put_manifest(manifest, tag)
    return digest_of(manifest)


def layout_base(folder: Path, **options) -> str:
    """Make a base in a layout of its own, and return its name."""
    folder.mkdir(parents=True, exist_ok=True)
    put_base(LayoutStore(folder / "layout"), folder, **options)
    return f"oci-layout:{folder}/layout:{options.get('tag', 'base')}"
