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
MAP_LINE = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, "


def refs(found: t.Iterable[documents.Document]) -> list[str]:
    return [str(document.ref) for document in found]


def test_empty_documents_are_skipped_and_lists_unpacked() -> None:
    text = f"---\n# nothing\n---\n{MAP.format('a')}---\n" + (
        "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: b, namespace: shop}}\n"
    )
    found = documents.from_text(text, "set.yaml")
    assert [str(one) for one in found] == [
        "ConfigMap a (set.yaml, document 2)",
        "Secret shop/b (set.yaml, document 3, item 1)",
    ]


def test_what_is_empty_is_left_out(tmp_path: pathlib.Path) -> None:
    mapping = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}}
    assert refs(documents.from_definition([None, mapping, "", "# nothing", [], None])) == ["ConfigMap m"]
    for name, text in (
        ("a.yml", "# nothing here\n"),
        ("b.yml", MAP.format("b")),
        ("c.yml", "---\n---\n"),
        ("d.yml", ""),
    ):
        (tmp_path / name).write_text(text)
    assert refs(documents.from_path(str(tmp_path))) == ["ConfigMap b"]
    assert documents.from_path(str(tmp_path / "a.yml")) == []


@pytest.mark.parametrize("version", ["v1", "rbac.authorization.k8s.io/v1"])
@pytest.mark.parametrize("own", [{}, {"apiVersion": "example.org/v2", "kind": "Other"}, {"kind": "Other"}])
def test_items_of_a_list_of_a_kind_have_its_kind_unless_they_have_their_own(version: str, own: dict[str, str]) -> None:
    item = {"metadata": {"name": "x"}, **own}
    given = {"apiVersion": version, "kind": "RoleList", "metadata": {"resourceVersion": "7"}, "items": [item, None]}
    if own == {"kind": "Other"}:
        with pytest.raises(KuberError, match="item 1 is not a Kubernetes object; wanted: a string in apiVersion"):
            documents.from_definition(given)
        return
    (found,) = documents.from_definition(given)
    assert found.origin == "definition, item 1"
    assert (found.ref.api_version, found.ref.kind) == (own.get("apiVersion", version), own.get("kind", "Role"))


@pytest.mark.parametrize("items", [[], None])
def test_empty_list_of_a_kind_holds_nothing(items: object) -> None:
    assert documents.from_definition({"apiVersion": "v1", "kind": "PodList", "items": items}) == []


def test_kind_that_only_ends_like_a_list_is_an_object() -> None:
    given = {"apiVersion": "example.org/v1", "kind": "AllowList", "metadata": {"name": "a"}, "spec": {"items": [1]}}
    assert refs(documents.from_definition(given)) == ["AllowList a"]


def test_numbers_are_those_that_go_sends() -> None:
    given = {"apiVersion": "example.org/v1", "kind": "X", "metadata": {"name": "a"}, "spec": [1.0, 1e3, 1.5, 2**60]}
    (found,) = documents.from_definition(given)
    assert [repr(number) for number in found.body["spec"]] == ["1", "1000", "1.5", str(2**60)]


def test_advice_names_no_text_that_is_not_known() -> None:
    """What Ansible has read from a playbook is a number already."""
    given = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": 1.1}}
    with pytest.raises(KuberError, match=r"found: 1\.1\. Put it in quotes where it is written\.$"):
        documents.from_definition(given)


def test_both_halves_of_a_character_are_put_together() -> None:
    given = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "\ud83d\ude80"}}
    assert documents.from_definition(given)[0].body["data"] == {"x": "\U0001f680"}


def test_file_that_only_kustomize_reads_is_named(tmp_path: pathlib.Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: [a.yaml]\n")
    with pytest.raises(KuberError, match=r"kustomization\.yaml, document 1 is a kustomization"):
        documents.from_path(str(tmp_path))


def test_directory_is_read_in_the_order_of_its_names(tmp_path: pathlib.Path) -> None:
    for name in ("b.yaml", "a.yml", "c.json", "README.md"):
        content = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}'
        (tmp_path / name).write_text(content if name.endswith("json") else MAP.format(name[0]))
    assert refs(documents.from_path(str(tmp_path))) == ["ConfigMap a", "ConfigMap b", "ConfigMap c"]


def test_definition_may_be_a_mapping_a_text_or_a_list_of_both() -> None:
    mapping = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}}
    text = MAP.format("x") + "---\n" + MAP.format("z")
    assert refs(documents.from_definition([mapping, text])) == ["ConfigMap m", "ConfigMap x", "ConfigMap z"]


def test_documents_share_nothing_with_what_was_given() -> None:
    given = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}}
    (found,) = documents.from_definition(given)
    found.body["metadata"]["name"] = "other"
    assert given["metadata"] == {"name": "m"}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("just a text", ["document 1", "found: a string"]),
        (MAP.format("a") + "---\n- 1\n", ["document 2", "found: a list"]),
        ("kind: ConfigMap\nmetadata: {name: a}", ["document 1", "apiVersion"]),
        ("apiVersion: v1\nmetadata: {name: a}", ["document 1", "kind"]),
        ("apiVersion: 1\nkind: ConfigMap\nmetadata: {name: a}", ["document 1", "apiVersion"]),
        ("apiVersion: v1\nkind: ConfigMap\n", ["ConfigMap in set.yaml, document 1", "has no name"]),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ''}", ["has no name"]),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: a-}",
            ["ConfigMap in set.yaml, document 1 has metadata.generateName and no name", "Give it a name"],
        ),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 0123}",
            ["metadata.name of ConfigMap in set.yaml, document 1 is a number", "found: 0123", 'name: "0123"'],
        ),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: off}",
            ["metadata.name of ConfigMap", "is a boolean", 'name: "off"'],
        ),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [a]}", ["is a list", "Write it as a string"]),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: [a]", ["metadata of ConfigMap in set.yaml", "is a list"]),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: 1}",
            ["metadata.namespace of ConfigMap a", "a number", 'namespace: "1"'],
        ),
        (
            MAP.format("a") + "  labels: {tier: 1}",
            ["tier in metadata.labels of ConfigMap a (set.yaml, document 1) is a number", 'tier: "1"'],
        ),
        # The text that stands there, not what it has become.
        (MAP.format("a") + "  labels: {tier: NO}", ["is a boolean", "found: NO", 'tier: "NO"']),
        (MAP.format("a") + "  labels: {tier: 1.10}", ["is a number", "found: 1.10", 'tier: "1.10"']),
        (MAP.format("a") + "  labels: {tier: 0x1F}", ["is a number", 'tier: "0x1F"']),
        (MAP.format("a") + "data: {mode: 0644}", ["mode in data of ConfigMap a", "found: 0644", 'mode: "0644"']),
        (MAP.format("a") + "data: {x: 1e3}", ['x: "1e3"']),
        (MAP.format("a") + "data: {x: 1_000}", ['x: "1_000"']),
        (MAP.format("a") + "data: {x: [1]}", ["is a list", "Write it as a string"]),
        (MAP.format("b") + "---\n" + MAP.format("a") + "data: {x: 08}", ["document 2", 'x: "08"']),
        ("apiVersion: v1\nkind: List\nitems: [" + MAP_LINE + "data: {x: .50}}]", ["item 1", 'x: ".50"']),
        (
            MAP.format("a") + "  annotations: {note: }",
            ["note in metadata.annotations of ConfigMap a", "is nothing", 'note: ""'],
        ),
        (MAP.format("a") + "  annotations: [note]", ["metadata.annotations of ConfigMap a", "is a list"]),
        ("apiVersion: v1\nkind: List\nitems: {a: b}", ["items of set.yaml, document 1 is a mapping"]),
        ("apiVersion: v1\nkind: List\nitems: [1]", ["set.yaml, document 1, item 1", "a number"]),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nx: !!set {a}", ["document 1", "the tag !!set"]),
        (MAP.format("a") + "spec: {a: [1, .inf]}", ["holds what JSON cannot", "inf in spec.a.1"]),
        (MAP.format("a") + 'data: {x: "a\\ud83d"}', ["half of a character (a lone surrogate) in data.x"]),
        (
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a]",
            ["set.yaml, document 1 is a kustomization", "option kustomize of kuber.network.manifests"],
        ),
    ],
)
def test_malformed_document_is_refused_with_file_and_number(text: str, parts: list[str]) -> None:
    with pytest.raises(KuberError) as caught:
        documents.from_text(text, "set.yaml")
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize("field", ["data", "stringData"])
@pytest.mark.parametrize("value", ["123456", "[123456]", "{a: 123456}"])
def test_secret_that_is_not_a_string_is_refused_but_not_shown(field: str, value: str) -> None:
    with pytest.raises(KuberError) as caught:
        documents.from_text(
            f"{{apiVersion: v1, kind: Secret, metadata: {{name: s}}, {field}: {{pin: {value}}}}}", "s.yml"
        )
    assert f"pin in {field} of Secret s (s.yml, document 1)" in str(caught.value)
    assert "123456" not in str(caught.value)


def test_annotation_of_a_secret_is_refused_but_not_shown() -> None:
    text = "{apiVersion: v1, kind: Secret, metadata: {name: s, annotations: {note: 123456}}}"
    with pytest.raises(KuberError, match=r"note in metadata\.annotations of Secret s .* is a number") as caught:
        documents.from_text(text, "s.yml")
    assert "123456" not in str(caught.value)


def test_set_that_is_too_large_as_a_whole_is_refused() -> None:
    found = documents.from_text(MAP.format("a") + "data:\n  x: " + "y" * (6 << 20), "set.yaml")
    documents.refuse_too_large(found * 2)
    with pytest.raises(KuberError, match=r"The set is too large; wanted: at most 16 MiB; found: more than 18\.0 MiB"):
        documents.refuse_too_large(found * 3)


@pytest.mark.parametrize(
    ("content", "message"), [(b"\xff\xfe\x00\x01", "is not text"), (None, "cannot be read; found: No such file")]
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
