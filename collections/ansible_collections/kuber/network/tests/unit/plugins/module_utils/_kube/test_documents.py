# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import documents

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}\n"


def refs(found: t.Iterable[documents.Document]) -> list[str]:
    return [str(document.ref) for document in found]


def test_empty_documents_are_skipped_and_lists_unpacked() -> None:
    text = f"---\n# nothing\n---\n{MAP.format('a')}---\n" + (
        "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: b, namespace: n}}\n"
    )
    found = documents.from_text(text, "set.yaml")
    assert [str(one) for one in found] == [
        "ConfigMap a (set.yaml, document 2)",
        "Secret n/b (set.yaml, document 3, item 1)",
    ]


def test_directory_is_read_in_the_order_of_its_names(tmp_path: pathlib.Path) -> None:
    for name in ("b.yaml", "a.yml", "c.json", "README.md"):
        content = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}'
        (tmp_path / name).write_text(content if name.endswith("json") else MAP.format(name[0]))
    assert refs(documents.from_path(str(tmp_path))) == ["ConfigMap a", "ConfigMap b", "ConfigMap c"]


def test_definition_may_be_a_mapping_a_text_or_a_list_of_both() -> None:
    mapping = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}}
    text = MAP.format("x") + "---\n" + MAP.format("y")
    assert refs(documents.from_definition([mapping, text])) == ["ConfigMap m", "ConfigMap x", "ConfigMap y"]


def test_documents_share_nothing_with_what_was_given() -> None:
    given = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}}
    (found,) = documents.from_definition(given)
    found.body["metadata"]["name"] = "other"
    assert given["metadata"] == {"name": "m"}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ["set.yaml holds no object"]),
        ("---\n---\n", ["set.yaml holds no object"]),
        ("just a text", ["document 1", "found: a text"]),
        (MAP.format("a") + "---\n- 1\n", ["document 2", "found: a list"]),
        ("kind: ConfigMap\nmetadata: {name: a}", ["document 1", "apiVersion"]),
        ("apiVersion: v1\nmetadata: {name: a}", ["document 1", "kind"]),
        ("apiVersion: 1\nkind: ConfigMap\nmetadata: {name: a}", ["document 1", "apiVersion"]),
        ("apiVersion: v1\nkind: ConfigMap\n", ["ConfigMap in set.yaml, document 1", "metadata.name"]),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: a-}", ["metadata.name"]),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 5}", ["metadata.name"]),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: [a]", ["metadata of ConfigMap in set.yaml", "is a list"]),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: 1}",
            ["namespace of ConfigMap a", "a number"],
        ),
        (
            MAP.format("a") + "  labels: {tier: 1}",
            ["tier in metadata.labels of ConfigMap a (set.yaml, document 1) is a number", 'tier: "1"'],
        ),
        (MAP.format("a") + "  labels: {tier: true}", ["is a truth value", 'tier: "true"']),
        (MAP.format("a") + "  annotations: {note: }", ["note in metadata.annotations of ConfigMap a", "is nothing"]),
        (MAP.format("a") + "  annotations: [note]", ["metadata.annotations of ConfigMap a", "is a list"]),
        ("apiVersion: v1\nkind: List\nitems: {a: b}", ["items of set.yaml, document 1 is a mapping"]),
        ("apiVersion: v1\nkind: List\nitems: [1]", ["set.yaml, document 1, item 1", "a number"]),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nx: !!binary aGk=", ["document 1", "what JSON cannot"]),
    ],
)
def test_malformed_document_is_refused_with_file_and_number(text: str, parts: list[str]) -> None:
    with pytest.raises(KuberError) as caught:
        documents.from_text(text, "set.yaml")
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize("field", ["data", "stringData"])
@pytest.mark.parametrize("value", ["123456", "[123456]", "{a: 123456}"])
def test_secret_that_is_no_text_is_refused_but_not_shown(field: str, value: str) -> None:
    with pytest.raises(KuberError) as caught:
        documents.from_text(
            f"{{apiVersion: v1, kind: Secret, metadata: {{name: s}}, {field}: {{pin: {value}}}}}", "s.yml"
        )
    assert f"pin in {field} of Secret s (s.yml, document 1)" in str(caught.value)
    assert "123456" not in str(caught.value)


def test_set_that_is_too_large_as_a_whole_is_refused() -> None:
    found = documents.from_text(MAP.format("a") + "data:\n  x: " + "y" * (6 << 20), "set.yaml")
    documents.refuse_too_large(found * 2)
    with pytest.raises(KuberError, match=r"The set is too large; wanted: at most 16 MiB; found: more than 18\.0 MiB"):
        documents.refuse_too_large(found * 3)


@pytest.mark.parametrize(
    ("content", "message"), [(b"\xff\xfe\x00\x01", "is no text"), (None, "cannot be read; found: No such file")]
)
def test_file_that_cannot_be_read_is_named(tmp_path: pathlib.Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "set.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(KuberError, match=f"{path} {message}"):
        documents.from_path(str(path))


def test_empty_directory_is_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(KuberError, match="holds no manifests"):
        documents.from_path(str(tmp_path))


def test_two_objects_with_one_name_are_refused_with_both_places() -> None:
    found = documents.from_text(MAP.format("a") + "---\n" + MAP.format("b") + "---\n" + MAP.format("a"), "set.yaml")
    documents.refuse_duplicates(found[:2])
    with pytest.raises(
        KuberError, match=r"ConfigMap a; found: one in set.yaml, document 1, one in set.yaml, document 3"
    ):
        documents.refuse_duplicates(found)


def test_same_name_in_another_group_or_namespace_is_another_object() -> None:
    base = {"kind": "Service", "metadata": {"name": "a"}}
    documents.refuse_duplicates(
        documents.from_definition(
            [
                {"apiVersion": "v1", **base},
                {"apiVersion": "serving.knative.dev/v1", **base},
                {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a", "namespace": "n"}},
            ]
        )
    )
