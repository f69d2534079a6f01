# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Folders of learners: what is found in them, and what is refused."""

from __future__ import annotations

import copy
import pathlib
import typing as t

import hypothesis
import hypothesis.strategies as st
import pytest
import yaml

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._homework.inspection import inspect
from ansible_collections.kuber.network.plugins.module_utils._homework.model import Status
from ansible_collections.kuber.network.plugins.module_utils._upgrade import folder, reading
from ansible_collections.kuber.network.plugins.module_utils._upgrade.upgrade import upgrade
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._homework import samples
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._homework.samples import Sample

PARTS = samples.PARTS
SHAPES = samples.shapes()


def judged(root: pathlib.Path, sample: Sample) -> dict[str, str]:
    """Return the status of each row that is part of the folder."""
    samples.write(root, sample.files)
    found = inspect(upgrade(folder.load(str(root)).read()))
    assert found.dangers == ()
    statuses = {number: claim.status for number, claim in found.claims.items()}
    return {number: status.value for number, status in statuses.items() if status is not Status.NOT_PART}


@pytest.mark.parametrize("sample", SHAPES, ids=[one.name for one in SHAPES])
def test_verdicts_of_a_folder(sample: Sample, tmp_path: pathlib.Path) -> None:
    assert judged(tmp_path, sample) == sample.verdicts


@pytest.mark.parametrize(
    "variant",
    [
        samples.in_one_file,
        samples.split,
        lambda sample: samples.renamed(sample, samples.RENAMED | samples.OTHER_PORTS),
        samples.in_a_namespace,
    ],
    ids=["one file", "one file for each object", "other names, ports, hosts and paths", "a namespace of its own"],
)
def test_same_verdicts_however_a_folder_is_arranged(
    variant: t.Callable[[Sample], Sample], tmp_path: pathlib.Path
) -> None:
    for number, sample in enumerate(SHAPES):
        # In one file with it, what follows could not be read either.
        if variant is not samples.in_one_file or not any(map(samples.is_broken, sample.files.values())):
            assert judged(tmp_path / str(number), variant(sample)) == sample.verdicts, sample.name


def test_folder_without_a_fault_passes_in_every_row(tmp_path: pathlib.Path) -> None:
    files = {"all.yml": samples.joined(samples.EVERYTHING.split())}
    assert judged(tmp_path, Sample("whole", files, {}, {})) == samples.WHOLE


@pytest.mark.parametrize("sample", samples.wrong(), ids=lambda sample: sample.name)
def test_folder_that_is_wrong_in_one_row_fails_in_that_row_only(sample: Sample, tmp_path: pathlib.Path) -> None:
    assert judged(tmp_path, sample) == sample.verdicts


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
@hypothesis.settings(max_examples=80)
def test_whatever_a_field_holds_is_looked_at_without_an_error(data: st.DataObject) -> None:
    bodies = copy.deepcopy(SAMPLE)
    within = list(places(data.draw(st.sampled_from(bodies))))
    holder, key = within[data.draw(st.integers(0, len(within) - 1))]
    holder[key] = data.draw(values)
    inspect(upgrade(reading.from_values(bodies, "all.yml")))


@pytest.mark.parametrize("value", ["{{ lookup('pipe', 'touch ' ~ 'FILE') }}", "{% if true %}", "!unsafe a"])
def test_templates_stay_texts(value: str, tmp_path: pathlib.Path) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": value}}
    (tmp_path / "a.yml").write_text(yaml.safe_dump(body))
    found = inspect(upgrade(folder.load(str(tmp_path)).read()))
    assert found.applied[0]["data"]["a"] == value


def test_deployment_without_its_impossible_strategy_is_applied(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a.yml").write_text(PARTS["strategy"].replace("100%", "0"))
    found = inspect(upgrade(folder.load(str(tmp_path)).read()))
    assert "strategy" not in found.applied[0]["spec"]
    assert found.applied[0]["spec"]["replicas"] == 3


def test_only_with_its_namespace_an_ingress_of_the_dashboard_is_applied(tmp_path: pathlib.Path) -> None:
    """That of a dashboard which was installed from an address does not exist here, and would refuse the whole set."""
    (tmp_path / "a.yml").write_text(samples.joined(["cluster_service", "dashboard"]))
    found = inspect(upgrade(folder.load(str(tmp_path)).read()))
    assert [body["kind"] for body in found.applied] == ["Service"]
    assert found.claims["16"].status is Status.NOT_CHECKED

    (tmp_path / "b.yml").write_text("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: kubernetes-dashboard\n")
    found = inspect(upgrade(folder.load(str(tmp_path)).read()))
    assert sorted(body["kind"] for body in found.applied) == ["Ingress", "Namespace", "Service"]


def test_dangers_are_named_unless_they_are_allowed(tmp_path: pathlib.Path) -> None:
    pod = yaml.safe_load(PARTS["pod"])
    pod["spec"]["hostNetwork"] = True
    (tmp_path / "a.yml").write_text(yaml.safe_dump(pod))
    upgraded = upgrade(folder.load(str(tmp_path)).read())
    assert [one.word for one in inspect(upgraded).dangers] == ["host_namespaces"]
    assert inspect(upgraded, allowed=["host_namespaces"]).dangers == ()
    with pytest.raises(KuberError, match=r"Unknown value in the option allow; wanted: capabilities, .*; found: root"):
        inspect(upgraded, allowed=["root"])


def test_settings_of_kube_proxy_are_judged_and_not_applied(tmp_path: pathlib.Path) -> None:
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "kube-proxy", "namespace": "kube-system"},
        "data": {"config.conf": 'mode: "ipvs"\nipvs:\n  strictARP: true\n'},
    }
    (tmp_path / "a.yml").write_text(yaml.safe_dump(body))
    found = inspect(upgrade(folder.load(str(tmp_path)).read()))
    assert found.claims["6"].status is Status.NOT_CHECKED
    assert (found.applied, found.dangers) == ((), ())


def test_images_of_what_is_applied_are_listed_once(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a.yml").write_text(samples.joined(["strategy", "pod"]))
    found = inspect(upgrade(folder.load(str(tmp_path)).read()))
    assert found.images == ("austinsky/example-go-httpd-alpine:v0.0.1", "busybox:1.31.0")
