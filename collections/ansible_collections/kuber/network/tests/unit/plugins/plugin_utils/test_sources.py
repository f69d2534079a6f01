# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import types
import typing as t

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible.template import Templar

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.plugin_utils._sources import Sources

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"
NOTHING = "# nothing here at the moment\n"
KEY = [("default", VaultSecret(b"open sesame"))]


@pytest.fixture
def sources() -> Sources:
    loader = DataLoader()
    loader.set_vault_secrets(KEY)
    action = types.SimpleNamespace(
        _find_needle=lambda _directory, name: name, _loader=loader, _templar=Templar(loader=loader)
    )
    return Sources(t.cast("t.Any", action), {"ansible_search_path": [], "names": ["a", "b"]})


def names(sources: Sources, **params: t.Any) -> list[str]:
    found = sources.documents({"src": None, "template": None, "definition": None} | params)
    return [document.ref.name for document in found]


def test_what_holds_nothing_is_left_out_if_there_is_anything_else(sources: Sources, tmp_path: pathlib.Path) -> None:
    files = {"set.yml": MAP % "x", "comment.yml": NOTHING, "empty.j2": "{% if false %}x{% endif %}"}
    files["set.j2"] = MAP % "{{ names[1] }}"
    paths = {name: str(tmp_path / name) for name in files}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert names(sources, src=[paths["comment.yml"], paths["set.yml"]]) == ["x"]
    assert names(sources, src=[paths["set.yml"]], template=[paths["empty.j2"]]) == ["x"]
    assert names(sources, src=[str(tmp_path)]) == ["x"]
    assert names(sources, src=[paths["comment.yml"]], template=[paths["set.j2"]]) == ["b"]
    assert names(sources, definition=[None, MAP % "z", None]) == ["z"]
    with pytest.raises(KuberError) as caught:
        names(sources, src=[paths["comment.yml"]], template=[paths["empty.j2"]], definition=[None])
    for part in ("There is no object in the set", "comment.yml", "empty.j2 as rendered", "definition"):
        assert part in str(caught.value)


def test_files_in_a_vault_are_decrypted(sources: Sources, tmp_path: pathlib.Path) -> None:
    (tmp_path / "plain.yml").write_text(MAP % "plain")
    (tmp_path / "secret.yml").write_bytes(VaultLib(KEY).encrypt(MAP % "secret", KEY[0][1]))
    assert names(sources, src=[str(tmp_path)]) == ["plain", "secret"]
    other = VaultSecret(b"another")
    (tmp_path / "secret.yml").write_bytes(VaultLib([("x", other)]).encrypt(MAP % "secret", other))
    with pytest.raises(KuberError, match=r"secret\.yml cannot be decrypted; found: "):
        names(sources, src=[str(tmp_path / "secret.yml")])
