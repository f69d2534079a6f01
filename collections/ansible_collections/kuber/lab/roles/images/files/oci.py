# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OCI image archives without a container engine: trees and files in, one tar for C(ctr images import) out."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import pathlib
import tarfile
import typing as t

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
TYPE = "application/vnd.oci.image"


def _plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
    """The same bytes for the same content, whoever builds it and when."""
    info.mtime = 0
    info.uname = info.gname = ""
    return info


def tree_layer(root: pathlib.Path, *, keep_owners: bool = False) -> bytes:
    """All of a directory; owners become root unless they are kept, file capabilities stay."""

    def prepare(info: tarfile.TarInfo) -> tarfile.TarInfo:
        if not keep_owners:
            info.uid = info.gid = 0
        try:
            capability = os.getxattr(root / info.name, "security.capability", follow_symlinks=False)
        except OSError:
            return _plain(info)
        info.pax_headers = {"SCHILY.xattr.security.capability": capability.decode("utf-8", "surrogateescape")}
        return _plain(info)

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for entry in sorted(root.iterdir()):
            tar.add(entry, arcname=entry.name, filter=prepare)
    return buffer.getvalue()


def file_layer(files: t.Mapping[str, pathlib.Path], links: t.Mapping[str, str]) -> bytes:
    """Programs by their place in the image, and symbolic links by theirs."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for place, source in files.items():
            info = tarfile.TarInfo(place.lstrip("/"))
            info.size, info.mode = source.stat().st_size, 0o755
            with source.open("rb") as content:
                tar.addfile(_plain(info), content)
        for place, target in links.items():
            info = tarfile.TarInfo(place.lstrip("/"))
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(_plain(info))
    return buffer.getvalue()


@dataclasses.dataclass(frozen=True)
class Image:
    """What a container starts from, under one or more names."""

    names: tuple[str, ...]
    layers: tuple[bytes, ...]
    config: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)

    def write(self, path: pathlib.Path) -> None:
        blobs: dict[str, bytes] = {}

        def blob(media: str, data: bytes) -> dict[str, t.Any]:
            digest = hashlib.sha256(data).hexdigest()
            blobs[digest] = data
            return {"mediaType": f"{TYPE}.{media}", "digest": f"sha256:{digest}", "size": len(data)}

        layers = [blob("layer.v1.tar", layer) for layer in self.layers]
        config = {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Env": [PATH], **self.config},
            "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]},
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{TYPE}.manifest.v1+json",
            "config": blob("config.v1+json", json.dumps(config).encode()),
            "layers": layers,
        }
        entry = blob("manifest.v1+json", json.dumps(manifest).encode())
        index = {
            "schemaVersion": 2,
            "mediaType": f"{TYPE}.index.v1+json",
            "manifests": [
                entry
                | {
                    "annotations": {"io.containerd.image.name": name},
                    "platform": {"architecture": "amd64", "os": "linux"},
                }
                for name in self.names
            ],
        }
        with tarfile.open(path, "w") as tar:
            parts = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": json.dumps(index).encode()}
            parts |= {f"blobs/sha256/{digest}": data for digest, data in blobs.items()}
            for name, data in parts.items():
                info = tarfile.TarInfo(name)
                info.size, info.mode = len(data), 0o644
                tar.addfile(_plain(info), io.BytesIO(data))
