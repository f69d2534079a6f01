# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No setting of a role goes unlooked at."""

from __future__ import annotations

import functools
import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._preflight import settings, values
from ansible_collections.kuber.network.plugins.module_utils._preflight.forms import FORMS
from ansible_collections.kuber.network.plugins.module_utils._preflight.renamed import RENAMED

ROLES = pathlib.Path(__file__).resolve().parents[3] / "roles"
# Those that playbooks give to a role, and those that a module looks at before anything is done.
INTERNAL = ("homework_", "migrate_", "preflight_", "verify_", "rollout_", "trace_", "machines_")
# Those that the connection to the cluster proves.
OF_CONNECTION = {"kuber_context", "kuber_kubeconfig", "kuber_node_ip"}


@functools.cache
def options() -> dict[str, dict[str, t.Any]]:
    found: dict[str, dict[str, t.Any]] = {}
    for path in ROLES.glob("*/meta/argument_specs.yml"):
        for spec in yaml.safe_load(path.read_text())["argument_specs"].values():
            found |= spec["options"]
    return found


def is_told_by_its_specification(option: dict[str, t.Any]) -> bool:
    return "choices" in option or option["type"] == "bool"


def test_every_setting_has_a_form() -> None:
    wanted = {
        name
        for name, option in options().items()
        if not name.startswith(INTERNAL) and not is_told_by_its_specification(option)
    }
    assert wanted - FORMS.keys() - OF_CONNECTION == set()


def test_every_form_is_that_of_a_setting() -> None:
    assert FORMS.keys() - options().keys() == set()


def test_every_renamed_variable_leads_to_one_that_exists() -> None:
    assert set(RENAMED.values()) - options().keys() == set()
    assert RENAMED.keys() & options().keys() == set()


@pytest.mark.parametrize("name", sorted(name for name, option in options().items() if "default" in option))
def test_defaults_are_fine(name: str) -> None:
    default = options()[name]["default"]
    fine, found = settings.judge({name: options()[name]}, {name: default}, {name: default})
    assert (list(fine), found) == ([name], [])


@pytest.mark.parametrize(
    ("surge", "missing", "refused"),
    [
        ("0", "0", True),
        (0, 0, True),
        ("0%", "0%", True),
        # Of three pods it is none, and Kubernetes lets one be missing then.
        ("0", "10%", False),
        ("1%", "0", False),
        ("100%", "0", False),
        ("0", "1", False),
        ("250%", "100%", False),
    ],
)
def test_a_rollout_must_be_able_to_begin(surge: object, missing: object, refused: bool) -> None:
    given = {"web_app_max_surge": surge, "web_app_max_unavailable": missing}
    _fine, found = settings.judge({name: options()[name] for name in given}, given, given)
    assert ["could never begin" in str(exc) for exc in found] == [True] * refused


GOOD: list[tuple[str, object]] = [
    ("web_app_path", "/"),
    ("web_app_path", "/a/b-c.d/"),
    ("web_app_image", "localhost:5000/team/app:v1.0_2"),
    ("web_app_image", "ghcr.io/a/b@sha256:" + "0" * 64),
    ("web_app_image", "mirror.example.org:5000/a/b:v1@sha256:" + "0" * 64),
    ("web_app_replicas", "3"),
    ("web_app_liveness_probe", {"exec": {"command": ["ps"]}, "periodSeconds": 5}),
    ("web_app_address", "fd00::1"),
    ("web_app_namespace", "team-1"),
    ("dashboard_cluster_role", "system:aggregate-to-view"),
    ("dashboard_env", [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}}]),
    ("metallb_version", "0.16.0-rc.1"),
    ("metallb_dns_address", ""),
    ("canary_header_value", "yes please"),
    ("canary_weight", "0"),
    ("host_network_destination", "fd00::/64"),
    ("kube_proxy_settings", {"conntrack": {"maxPerCore": 0}}),
    ("metallb_avoid_buggy_ips", "no"),
]


@pytest.mark.parametrize(("name", "value"), GOOD)
def test_good_values_are_fine(name: str, value: object) -> None:
    assert settings.judge({name: options()[name]}, {name: value}, {name: value})[1] == []


BAD: list[tuple[str, object, str]] = [
    ("kube_proxy_mode", "iptable", "found: 'iptable'. Perhaps iptables is meant"),
    ("host_network_entries", [{"adress": "10.0.0.1", "names": ["a"]}], "found: adress. Perhaps address is meant"),
    ("metallb_pool_addresses", "10.0.0.1-10.0.0.9", "Put it in brackets: [10.0.0.1-10.0.0.9]"),
    ("canary_header_value", True, 'Quote it: "true"'),
    ("web_app_image", ["busybox"], "wanted: a string"),
    ("web_app_image", None, "wanted: a string; found: nothing"),
    ("web_app_replicas", True, "wanted: an integer; found: true"),
    ("web_app_replicas", "3.5", "wanted: an integer; found: '3.5'"),
    ("kube_proxy_settings", "conntrack=1", "wanted: a mapping"),
    ("metallb_avoid_buggy_ips", "maybe", "wanted: a boolean; found: 'maybe'"),
    ("verify_timeout", "soon", "wanted: a number; found: 'soon'"),
]


@pytest.mark.parametrize(("name", "value", "text"), BAD)
def test_bad_values_are_refused_with_a_remedy(name: str, value: object, text: str) -> None:
    (found,) = settings.judge({name: options()[name]}, {name: value}, {name: value})[1]
    assert text in str(found)


def test_consequences_of_a_wrong_value_are_not_reported_beside_it() -> None:
    wanted = {"web_app_port": {"type": "int"}, "canary_port": {"type": "int"}}
    given = {"web_app_port": "http", "canary_port": "http"}
    for written, count in (("{{ web_app_port }}", 1), ("http", 2)):
        found = settings.judge(wanted, given, {"web_app_port": "http", "canary_port": written})[1]
        assert len(found) == count


@pytest.mark.parametrize(
    ("name", "alike"),
    [
        ("canary_wieght", "canary_weight"),
        ("web_app_replica", "web_app_replicas"),
        ("metalb_version", None),
        ("canary_notes", None),
        ("kube_proxy_result", None),
        ("canary_weight", None),
    ],
)
def test_misspelt_names_are_distinguished_from_other_names(name: str, alike: str | None) -> None:
    found = list(settings.unknown([name], options()))
    assert [exc.remedy for exc in found] == ([f"Perhaps {alike} is meant"] if alike else [])


def test_the_same_place_for_two_applications_is_refused() -> None:
    given = {
        f"{role}_{part}": value for role in ("web_app", "canary") for part, value in (("host", "a"), ("path", "/x/"))
    }
    wanted = {name: {"type": "str"} for name in given}
    assert "are the same" in str(settings.judge(wanted, given, given)[1][0])
    apart = given | {"canary_host": "b"}
    assert settings.judge(wanted, apart, apart)[1] == []


def test_nothing_is_no_value() -> None:
    with pytest.raises(KuberError, match="found: nothing"):
        values.read("web_app_host", None, {"type": "str"})
