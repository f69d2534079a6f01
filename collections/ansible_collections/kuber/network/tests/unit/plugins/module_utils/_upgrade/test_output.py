# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The upgraded folder: whole, ours alone, and the same after any interruption."""

from __future__ import annotations

import json
import pathlib
import sys
import typing as t

import pytest
import yaml

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._upgrade import folder, output, roundtrip
from ansible_collections.kuber.network.plugins.module_utils._upgrade.upgrade import upgrade
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._upgrade import support

OLD = "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata:\n  name: a\n  namespace: own\n"
NEW = OLD.replace("v1beta1", "v1")
KEPT = "# mine\r\napiVersion:   v1\r\nkind: 'ConfigMap'\r\nmetadata: {name: b}\r\n"


class Folders:
    """A folder of manifests, and one beside it for what they become."""

    def __init__(self, root: pathlib.Path) -> None:
        self.source = root / "source"
        self.dest = root / "dest"
        support.write(self.source, {"old.yml": OLD})
        (self.source / "kept.yml").write_bytes(KEPT.encode())

    def plan(self, dest: pathlib.Path | None = None) -> output.OutputPlan:
        source = folder.load(str(self.source))
        return output.plan(source, output.render(source, upgrade(source.read())), str(dest or self.dest))

    def write(self) -> bool:
        plan = self.plan()
        if plan.changes:
            output.carry_out(plan)
        return plan.changes

    def state(self) -> dict[str, bytes]:
        files = (path for path in self.dest.rglob("*") if path.is_file())
        return {str(path.relative_to(self.dest)): path.read_bytes() for path in files}

    def refusal(self, dest: pathlib.Path | None = None) -> str:
        before = self.state()
        with pytest.raises(KuberError) as caught:
            self.plan(dest)
        assert self.state() == before
        return str(caught.value)


@pytest.fixture
def folders(tmp_path: pathlib.Path) -> Folders:
    return Folders(tmp_path)


def test_files_are_written_once_and_sources_stay(folders: Folders) -> None:
    assert folders.write()
    state = folders.state()
    assert state.keys() == {"old.yml", "kept.yml", "00-namespaces.yml", output.RECORD}
    assert state["kept.yml"] == KEPT.encode()
    assert state["old.yml"] == NEW.encode()
    assert (folders.source / "old.yml").read_text() == OLD
    assert not folders.write()
    assert folders.state() == state


def test_changed_source_is_written_again_and_removed_one_goes(folders: Folders) -> None:
    folders.write()
    support.write(folders.source, {"old.yml": OLD.replace("name: a", "name: c")})
    (folders.source / "kept.yml").unlink()
    assert folders.write()
    assert folders.state().keys() == {"old.yml", "00-namespaces.yml", output.RECORD}
    assert b"name: c" in folders.state()["old.yml"]


@pytest.mark.parametrize("name", ["old.yml", "kept.yml", "00-namespaces.yml"])
def test_file_of_somebody_else_is_not_overwritten(folders: Folders, name: str) -> None:
    support.write(folders.dest, {name: "theirs"})
    assert folders.refusal() == (
        f"{folders.dest / name} has been changed since an upgrade wrote it. "
        "Move it away, or choose another folder for dest."
    )


def test_file_that_was_edited_is_neither_overwritten_nor_removed(folders: Folders) -> None:
    folders.write()
    support.write(folders.dest, {"kept.yml": "edited"})
    assert "kept.yml has been changed since an upgrade wrote it" in folders.refusal()
    (folders.source / "kept.yml").unlink()
    assert "kept.yml has been changed since an upgrade wrote it" in folders.refusal()


def test_link_in_dest_is_not_written_through(folders: Folders) -> None:
    folders.dest.mkdir()
    (folders.dest / "old.yml").symlink_to(folders.source / "old.yml")
    assert "old.yml has been changed since an upgrade wrote it" in folders.refusal()
    assert (folders.source / "old.yml").read_text() == OLD


@pytest.mark.parametrize("step", range(1, 6))
def test_interrupted_run_is_finished_by_the_next(folders: Folders, step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    folders.write()
    support.write(folders.source, {"old.yml": OLD.replace("own", "other"), "new.yml": OLD.replace(": a", ": n")})
    writes = 0
    write = output._write

    def dying(path: pathlib.Path, data: bytes) -> None:
        nonlocal writes
        writes += 1
        if writes == step:
            raise KeyboardInterrupt
        write(path, data)

    with monkeypatch.context() as patched:
        patched.setattr(output, "_write", dying)
        with pytest.raises(KeyboardInterrupt):
            folders.write()
    # What the sources have become meanwhile changes nothing about that.
    support.write(folders.source, {"new.yml": OLD.replace(": a", ": m")})
    folders.write()
    assert not folders.write()
    assert b"name: m" in folders.state()["new.yml"]


@pytest.mark.parametrize("place", ["source", "source/below", "."])
def test_dest_in_or_around_the_source_is_refused(folders: Folders, place: str) -> None:
    message = folders.refusal(folders.source.parent / place)
    assert message.startswith("Invalid option dest: it is inside the folder of the manifests, or contains it")


@pytest.mark.parametrize("text", ["", "[]", '{"files": 1}', '{"files": {"a": 1}}'])
def test_record_that_is_none_is_refused(folders: Folders, text: str) -> None:
    support.write(folders.dest, {output.RECORD: text})
    assert "is not a record of upgraded files" in folders.refusal()


def test_record_leads_nowhere_else(folders: Folders) -> None:
    digest = output.hashlib.sha256(OLD.encode()).hexdigest()
    record = {"files": {"../source/old.yml": [digest], str(folders.source / "old.yml"): [digest]}}
    support.write(folders.dest, {output.RECORD: json.dumps(record)})
    folders.write()
    assert (folders.source / "old.yml").exists()


def test_missing_library_is_named(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roundtrip, "ruamel", None)
    assert folders.refusal() == (
        "The Python library ruamel.yaml is missing, which preserves the comments of changed documents. "
        f"Install it: {sys.executable} -m pip install ruamel.yaml, or omit the option dest."
    )


def written(root: pathlib.Path, name: str, text: str) -> list[t.Any]:
    report = support.upgraded(root, {name: text})
    assert support.upgraded(root, report["written"])["changes"] == []
    return [report["written"][name], *yaml.safe_load_all(report["written"][name])]


POOL = {
    "apiVersion": "metallb.io/v1beta1",
    "kind": "IPAddressPool",
    "metadata": {"name": "a", "namespace": "metallb-system"},
    "spec": {"addresses": ["192.0.2.0/24"]},
}


def test_json_stays_json(tmp_path: pathlib.Path) -> None:
    text, whole = written(tmp_path, "pool.json", json.dumps(POOL))
    assert json.loads(text) == whole
    assert [item["kind"] for item in whole["items"]] == ["IPAddressPool", "L2Advertisement"]


def test_items_of_a_list_are_upgraded_where_they_are(tmp_path: pathlib.Path) -> None:
    config = {"config": "address-pools: [{name: a, protocol: layer2, addresses: [192.0.2.0/24]}]"}
    pools = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "default"}, "data": config}
    other = pools | {"data": {"x": "y"}, "metadata": {"name": "k"}}
    items = [pools, yaml.safe_load(OLD.replace("own", "default")), other]
    text = yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": items}, sort_keys=False)
    _text, whole, *added = written(tmp_path, "list.yml", text)
    assert [item["apiVersion"] for item in whole["items"]] == ["batch/v1", "v1"]
    assert [one["kind"] for one in added] == ["IPAddressPool", "L2Advertisement"]


@pytest.mark.parametrize(
    "text",
    [
        f"--- # first\n{NEW}--- {{apiVersion: batch/v1beta1, kind: CronJob, metadata: {{name: b}}}}\n",
        f"%YAML 1.1\n---\n{OLD}...\n# between\n---\n{NEW.replace(': a', ': b')}...\n",
        f"---\n---\n{OLD}---\n---\n{OLD.replace(': a', ': b')}\n\n",
        OLD.replace("name: a", "name: &name a").replace("own", "*name"),
        OLD.removesuffix("\n"),
    ],
)
def test_documents_however_they_are_set_apart(tmp_path: pathlib.Path, text: str) -> None:
    _text, *values = written(tmp_path, "x.yml", text)
    whole = [value for value in values if value is not None]
    before = [value for value in yaml.safe_load_all(text) if value is not None]
    assert whole == [value | {"apiVersion": "batch/v1"} for value in before]


def test_values_stay_as_they_were_written(tmp_path: pathlib.Path) -> None:
    values = ("0o644", "1.10", "yes", "~", "2020-01-01", "'x'", "1_000", "", '"\u00e9"', "0x1F", "!!str 1")
    lines = "spec:\n" + "".join(f"  v{number}: {value}".rstrip() + "\n" for number, value in enumerate(values))
    text, *_values = written(tmp_path, "x.yml", OLD + lines)
    assert text == NEW + lines
