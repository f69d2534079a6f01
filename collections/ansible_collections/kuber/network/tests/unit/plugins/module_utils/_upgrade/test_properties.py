# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for all manifests, also for those that nobody would write."""

from __future__ import annotations

import copy
import json
import pathlib
import re
import typing as t

import hypothesis
import hypothesis.strategies as st
import yaml

from ansible_collections.kuber.network.plugins.module_utils._upgrade import reading, rewriting
from ansible_collections.kuber.network.plugins.module_utils._upgrade.upgrade import upgrade
from ansible_collections.kuber.network.plugins.module_utils._yaml import yamltext

HERE = pathlib.Path(__file__).parent
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "a", "annotations": {"metallb.universe.tf/address-pool": "x"}},
    "spec": {"type": "LoadBalancer", "loadBalancerIP": "192.0.2.1", "ports": [{"port": 80, "targetPort": 8000}]},
}
POOLS = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "config", "namespace": "metallb-system"},
    "data": {"config": "address-pools: [{name: a, protocol: layer2, addresses: [192.0.2.0/24]}]"},
}
LEGACY = {
    "apiVersion": "metallb.io/v1beta1",
    "kind": "AddressPool",
    "metadata": {"name": "a", "namespace": "metallb-system"},
    "spec": {"protocol": "layer2", "addresses": ["192.0.2.0/24"]},
}
SAMPLES = [*yaml.safe_load((HERE / "samples.yml").read_text()), SERVICE, POOLS, LEGACY]
FEW = hypothesis.settings(max_examples=60)
keys = st.sampled_from(["name", "port", "a"])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 99) | st.sampled_from(["", "a", "80", "/a(b)", "layer2", "{{ x }}"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner, max_size=2),
    max_leaves=4,
)


def places(value: t.Any) -> t.Iterator[tuple[t.Any, t.Any]]:
    """Every mapping or list with each of its keys."""
    if isinstance(value, (dict, list)):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places(value[key])


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, t.Any]:
    """An old object in which something is not as it should be."""
    body = copy.deepcopy(draw(st.sampled_from(SAMPLES)))
    for _time in range(draw(st.integers(0, 2))):
        parent, key = draw(st.sampled_from(list(places(body))))
        parent[key] = draw(values)
    return t.cast("dict[str, t.Any]", body)


@FEW
@hypothesis.given(st.lists(damaged(), min_size=1, max_size=3))
def test_any_set_is_upgraded_once_and_for_all(bodies: list[dict[str, t.Any]]) -> None:
    before = copy.deepcopy(bodies)
    first = upgrade(reading.from_definition(bodies))
    assert bodies == before
    json.dumps(first.dump())
    second = upgrade(reading.from_definition(first.objects()))
    assert [one.dump() for one in second.changes()] == []
    assert second.objects() == first.objects()


@FEW
@hypothesis.given(st.lists(damaged(), min_size=1, max_size=3), st.booleans(), st.sampled_from([2, 4]), st.booleans())
def test_text_reads_as_the_upgraded_objects(
    bodies: list[dict[str, t.Any]], flow: bool, indent: int, windows: bool
) -> None:
    style = {"default_flow_style": flow, "indent": indent, "sort_keys": False}
    text = "---\n".join(yaml.safe_dump(body, **style) for body in bodies)
    text = text.replace("\n", "\r\n") if windows else text
    result = upgrade(reading.from_text(text, "x.yml"))
    written = rewriting.rewrite(text, result.drafts).text
    read = [value for value in yamltext.load_all(written, "x.yml") if value is not None]
    kept = [draft.body for draft in result.drafts if not draft.replaced]
    assert all(body in read for body in kept)
    again = upgrade(reading.from_text(written, "x.yml"))
    assert rewriting.rewrite(written, again.drafts).text == written


def commented(text: str) -> tuple[str, list[str]]:
    """The text with a comment at each line that can have one, and those comments."""
    lines, comments = [], []
    for number, line in enumerate(text.splitlines()):
        if not line.rstrip().endswith(("|", ">")) and "'" not in line and '"' not in line:
            comments.append(f"# comment {number}")
            line += f"   # comment {number}"
        lines.append(line)
    return "\n".join(lines) + "\n", comments


@FEW
@hypothesis.given(st.sampled_from([one for one in SAMPLES if "\n" not in yaml.safe_dump(one.get("data", ""))[:-1]]))
def test_no_comment_is_lost(body: dict[str, t.Any]) -> None:
    text, comments = commented(yaml.safe_dump(body, default_flow_style=False, sort_keys=False, width=1000))
    result = upgrade(reading.from_text(text, "x.yml"))
    written = rewriting.rewrite(text, result.drafts)
    assert written.bare == ()
    assert set(comments) <= set(re.findall(r"# comment \d+", written.text))
