# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Folders that are somebody's: what is read, and what is refused."""

from __future__ import annotations

import os
import pathlib
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._upgrade import folder
from ansible_collections.kuber.network.plugins.module_utils._yaml import yamltext
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._upgrade import support

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"


@pytest.fixture
def root(tmp_path: pathlib.Path) -> pathlib.Path:
    return support.write(tmp_path / "homework", {"a.yml": MAP, "canary/b.yaml": MAP.replace("name: a", "name: b")})


def refusal(path: pathlib.Path) -> str:
    with pytest.raises(KuberError) as caught:
        folder.load(str(path))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def names(root: pathlib.Path) -> list[str]:
    return [part.body["metadata"]["name"] for part in folder.load(str(root)).read().parts]


def test_manifests_of_subfolders_are_read_and_hidden_ones_are_not(root: pathlib.Path) -> None:
    support.write(root, {".git/c.yml": MAP, ".hidden.yml": MAP, "README.md": "text", "picture.png": "\0"})
    assert names(root) == ["a", "b"]


def test_one_file_can_be_named(root: pathlib.Path) -> None:
    assert names(root / "a.yml") == ["a"]


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside.yml", "/"])
def test_link_out_of_the_folder_is_refused(root: pathlib.Path, target: str) -> None:
    (root.parent / "outside.yml").write_text(MAP)
    (root / "canary" / "link.yml").symlink_to(target if target.startswith("/") else root.parent / "outside.yml")
    remedy = "Remove it, or copy its target."
    assert refusal(root) == f"canary/link.yml is a link to outside of the folder. {remedy}"


def test_link_within_the_folder_is_not_followed(root: pathlib.Path) -> None:
    (root / "again").symlink_to("canary")
    (root / "loop").symlink_to(".")
    assert names(root) == ["a", "b"]
    assert {one.origin for one in folder.load(str(root)).remarks} == {"again", "loop"}


def test_pipe_is_refused_and_not_waited_for(root: pathlib.Path) -> None:
    os.mkfifo(root / "c.yml")
    assert refusal(root) == "c.yml is not a regular file. Remove it from the folder."


def test_folder_with_too_many_files_is_refused(root: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folder.MOST_ENTRIES < 10_000
    monkeypatch.setattr(folder, "MOST_ENTRIES", 20)
    for number in range(20):
        (root / f"{number}.txt").touch()
    assert refusal(root).startswith("The folder is too large; wanted: at most 20 entries, 20 levels deep.")


def test_deep_folder_is_refused(root: pathlib.Path) -> None:
    (root / "/".join("d" * 30)).mkdir(parents=True)
    support.write(root / "/".join("d" * 30), {"a.yml": MAP})
    assert refusal(root).startswith("The folder is too large")


def test_large_files_are_refused_together(root: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "LARGEST", 1 << 20)
    support.write(root, {f"{name}.yml": f"{MAP}#{'x' * (600 << 10)}" for name in "cd"})
    assert refusal(root).startswith("The manifests are too large; wanted: at most 1 MiB; found: more, up to d.yml.")
    assert yamltext.LARGEST > 1 << 20


@pytest.mark.parametrize("data", [b"\x7fELF\x02\x01\0\0", b"a: \xff\xfe", MAP.encode("utf-16")])
def test_binary_is_reported_and_the_others_are_read(root: pathlib.Path, data: bytes) -> None:
    (root / "c.yml").write_bytes(data)
    read = folder.load(str(root)).read()
    assert [(one.origin, one.problem) for one in read.findings] == [("c.yml", "This file is not UTF-8 text")]
    assert len(read.parts) == 2


def test_name_that_cannot_be_shown_is_refused(root: pathlib.Path) -> None:
    (root / "a\nb.yml").write_text(MAP)
    assert refusal(root) == "A file name has unprintable characters; wanted: printable characters; found: 'a\\nb.yml'."


def test_folder_without_manifests_is_refused(tmp_path: pathlib.Path) -> None:
    assert "contains no manifests; wanted: files named *.json, *.yaml, *.yml." in refusal(tmp_path)
    assert "does not exist" in refusal(tmp_path / "other")


FOREIGN: dict[str, t.Any] = {
    "kustomization.yaml": "resources: [a.yml]\n",
    "Chart.yaml": "apiVersion: v2\nname: chart\nversion: 0.1.0\n",
    "values.yaml": "replicas: 3\n",
    "play.yml": "- hosts: all\n",
    "kind.yml": "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n",
    "kubeconfig.yml": "apiVersion: v1\nkind: Config\nclusters: []\n",
}


@pytest.mark.parametrize("name", FOREIGN)
def test_files_of_tools_are_left_alone(root: pathlib.Path, name: str) -> None:
    support.write(root, {name: FOREIGN[name]})
    read = folder.load(str(root)).read()
    assert (len(read.parts), read.findings) == (2, ())
