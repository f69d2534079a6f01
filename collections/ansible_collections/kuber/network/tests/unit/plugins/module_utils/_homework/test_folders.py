# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Folders of learners: what is found in them, and what is refused."""

from __future__ import annotations

import copy
import pathlib
import re
import typing as t

import hypothesis
import hypothesis.strategies as st
import pytest
import yaml

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._homework.look import look
from ansible_collections.kuber.network.plugins.module_utils._homework.model import Status
from ansible_collections.kuber.network.plugins.module_utils._upgrade import folder, reading
from ansible_collections.kuber.network.plugins.module_utils._upgrade.upgrade import upgrade

HERE = pathlib.Path(__file__).parent
PARTS = yaml.safe_load((HERE / "parts.yml").read_text())
SHAPES = yaml.safe_load((HERE / "shapes.yml").read_text())


def texts(shape: dict[str, t.Any]) -> dict[str, str]:
    """Return the files of a shape."""
    found = {name: text if isinstance(text, str) else joined(text) for name, text in shape["files"].items()}
    for before, after in shape.get("replace", {}).items():
        assert any(before in text for text in found.values()), f"nothing to replace: {before}"
        found = {name: text.replace(before, after) for name, text in found.items()}
    return found


def joined(names: t.Iterable[str]) -> str:
    return "---\n".join(PARTS[name] for name in names)


def judged(root: pathlib.Path, files: t.Mapping[str, str]) -> dict[str, Status]:
    """Return the status of each row that is part of the folder."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    found = look(upgrade(folder.load(str(root)).read()))
    assert found.dangers == ()
    return {number: claim.status for number, claim in found.claims.items() if claim.status is not Status.NOT_PART}


def expected(shape: dict[str, t.Any]) -> dict[str, Status]:
    return {str(number): Status(status) for number, status in shape["verdicts"].items()}


@pytest.mark.parametrize("shape", SHAPES, ids=[one["shape"] for one in SHAPES])
def test_verdicts_of_a_folder(shape: dict[str, t.Any], tmp_path: pathlib.Path) -> None:
    assert judged(tmp_path, texts(shape)) == expected(shape)


def test_same_verdicts_with_everything_in_one_file(tmp_path: pathlib.Path) -> None:
    for number, shape in enumerate(SHAPES):
        if "9 " not in shape["shape"]:
            files = {"all.yml": "---\n".join(text for name, text in texts(shape).items() if "kustom" not in name)}
            assert judged(tmp_path / str(number), files) == expected(shape), shape["shape"]


def test_same_verdicts_with_one_file_for_each_object(tmp_path: pathlib.Path) -> None:
    for number, shape in enumerate(SHAPES):
        files = {
            f"{place:02}-{part}.yaml": document
            for place, (name, text) in enumerate(texts(shape).items())
            for part, document in enumerate(reversed(text.split("---\n")))
            if "kustom" not in name
        }
        assert judged(tmp_path / str(number), files) == expected(shape), shape["shape"]


RENAMED = {
    r"\bapp: web$": "tier: site",
    r"\bname: web$": "name: site",
    r"\bweb-svc-cip\b": "inside",
    r"\bweb-svc-lb\b": "outside",
    r"\bweb-svc$": "every-pod",
    r"\b8000\b": "8081",
    r"\b5678\b": "9090",
    r"\bport: 80$": "port: 8080",
    r"\bnumber: 80$": "number: 8080",
    r"/web$": "/site",
    r"example\.app\.org": "site.test",
    r"homework\.otus": "site.test",
    r"\bmtest\b": "x-next",
    r"\b(name|namespace): homework$": r"\1: mine",
    r"/test-webapp": "/version",
}


def test_same_verdicts_with_other_names_ports_hosts_and_paths(tmp_path: pathlib.Path) -> None:
    for number, shape in enumerate(SHAPES):
        files = texts(shape)
        for before, after in RENAMED.items():
            files = {name: re.sub(before, after, text, flags=re.MULTILINE) for name, text in files.items()}
        assert judged(tmp_path / str(number), files) == expected(shape), shape["shape"]


def test_same_verdicts_in_a_namespace_of_its_own(tmp_path: pathlib.Path) -> None:
    for number, shape in enumerate(SHAPES):
        documents = {
            name: [in_namespace(one) for one in yaml.safe_load_all(text)]
            for name, text in texts(shape).items()
            if "\t" not in text
        }
        files = {name: yaml.safe_dump_all(one) for name, one in documents.items()}
        files |= {name: text for name, text in texts(shape).items() if "\t" in text}
        assert judged(tmp_path / str(number), files) == expected(shape), shape["shape"]


def in_namespace(body: dict[str, t.Any]) -> dict[str, t.Any]:
    if body.get("metadata") and body["kind"] != "Namespace":
        body["metadata"].setdefault("namespace", "learner")
    return body


NAMES = (
    "strategy cluster_service load_balancer headless pool advertisement dns controller_service ingress current canary"
)
EVERYTHING = {"all.yml": joined(NAMES.split())}
WHOLE = dict.fromkeys(("0", "1", "2", "4", "5", "10", "11", "13", "14", "15", "18"), Status.PASSED)
GONE = "apiVersion: policy/v1beta1\nkind: PodSecurityPolicy\nmetadata:\n  name: a\n"
# One edit for each row: in the folder that it leaves, exactly this row is wrong.
WRONG = {
    "0": ("apiVersion: metallb.io/v1beta1\nkind: IPAddressPool", f"{GONE}---\n{{}}"),
    "1": ("replicas: 3", "replicas: 2"),
    "2": ("tcpSocket: { port: 8000 }", "httpGet: { port: 8000 }"),
    "3": ("tcpSocket: { port: 8000 }", "exec: { command: [sh, -c, ps aux | grep web] }"),
    "4": ("maxSurge: 100%", "maxSurge: 0%"),
    "5": ("name: web-svc-cip\nspec:\n  selector:\n    app: web", "name: web-svc-cip\nspec:\n  selector:\n    app: wbe"),
    "10": ("172.17.255.1-172.17.255.255", "172.17.255.1-172.17.255.100"),
    "11": ("name: web-svc-lb\nspec:\n  selector:\n    app: web", "name: web-svc-lb\nspec:\n  selector:\n    app: wbe"),
    "13": ("protocol: UDP", "protocol: TCP"),
    "15": ("name: web-svc\n            port", "name: web-service\n            port"),
}


def test_folder_without_a_fault_passes_in_every_row(tmp_path: pathlib.Path) -> None:
    assert judged(tmp_path, EVERYTHING) == WHOLE


@pytest.mark.parametrize("row", WRONG)
def test_folder_that_is_wrong_in_one_row_fails_in_that_row_only(row: str, tmp_path: pathlib.Path) -> None:
    before, after = WRONG[row]
    assert EVERYTHING["all.yml"].count(before) == 1
    files = {"all.yml": EVERYTHING["all.yml"].replace(before, after.replace("{}", before))}
    assert judged(tmp_path, files) == WHOLE | {row: Status.FAILED}


SAMPLE = list(yaml.safe_load_all("---\n".join(PARTS.values())))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 99) | st.sampled_from(["", "a", "80", "/a(b)", "{{ x }}"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["name", "port", "a"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def places(value: t.Any) -> t.Iterator[tuple[t.Any, t.Any]]:
    """Every mapping or list with each of its keys."""
    if isinstance(value, (dict, list)):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places(value[key])


@hypothesis.given(st.data())
@hypothesis.settings(max_examples=80, deadline=None)
def test_whatever_a_field_holds_is_looked_at_without_an_error(data: st.DataObject) -> None:
    bodies = copy.deepcopy(SAMPLE)
    within = list(places(data.draw(st.sampled_from(bodies))))
    holder, key = within[data.draw(st.integers(0, len(within) - 1))]
    holder[key] = data.draw(values)
    look(upgrade(reading.from_values(bodies, "all.yml")))


@pytest.mark.parametrize("value", ["{{ lookup('pipe', 'touch ' ~ 'FILE') }}", "{% if true %}", "!unsafe a"])
def test_templates_stay_texts(value: str, tmp_path: pathlib.Path) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": value}}
    (tmp_path / "a.yml").write_text(yaml.safe_dump(body))
    found = look(upgrade(folder.load(str(tmp_path)).read()))
    assert found.applied[0]["data"]["a"] == value


def test_deployment_without_its_impossible_strategy_is_applied(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a.yml").write_text(PARTS["strategy"].replace("100%", "0"))
    found = look(upgrade(folder.load(str(tmp_path)).read()))
    assert "strategy" not in found.applied[0]["spec"]
    assert found.applied[0]["spec"]["replicas"] == 3


def test_dangers_are_named_unless_they_are_allowed(tmp_path: pathlib.Path) -> None:
    pod = yaml.safe_load(PARTS["pod"])
    pod["spec"]["hostNetwork"] = True
    (tmp_path / "a.yml").write_text(yaml.safe_dump(pod))
    upgraded = upgrade(folder.load(str(tmp_path)).read())
    assert [one.word for one in look(upgraded).dangers] == ["host_namespaces"]
    assert look(upgraded, allowed=["host_namespaces"]).dangers == ()
    with pytest.raises(KuberError, match=r"Unknown words of what is allowed; wanted: capabilities, .*; found: root"):
        look(upgraded, allowed=["root"])


def test_settings_of_kube_proxy_are_judged_and_not_applied(tmp_path: pathlib.Path) -> None:
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "kube-proxy", "namespace": "kube-system"},
        "data": {"config.conf": 'mode: "ipvs"\nipvs:\n  strictARP: true\n'},
    }
    (tmp_path / "a.yml").write_text(yaml.safe_dump(body))
    found = look(upgrade(folder.load(str(tmp_path)).read()))
    assert found.claims["6"].status is Status.NOT_CHECKED
    assert (found.applied, found.dangers) == ((), ())


def test_images_of_what_is_applied_are_listed_once(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a.yml").write_text(joined(["strategy", "pod"]))
    found = look(upgrade(folder.load(str(tmp_path)).read()))
    assert found.images == ("austinsky/example-go-httpd-alpine:v0.0.1", "busybox:1.31.0")
