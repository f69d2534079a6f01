# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the upgrade makes is shown to a real API server, by a strict dry run."""

from __future__ import annotations

import copy
import pathlib
import typing as t

import hypothesis
import hypothesis.strategies as st
import pytest
import yaml

from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._upgrade import reading, versions
from ansible_collections.kuber.network.plugins.module_utils._upgrade.metallb import GROUP
from ansible_collections.kuber.network.plugins.module_utils._upgrade.upgrade import Upgrade, upgrade
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._upgrade import support

HERE = pathlib.Path(__file__).parent
SAMPLES: list[dict[str, t.Any]] = yaml.safe_load((HERE / "samples.yml").read_text())
CASES = sorted((HERE / "cases").glob("*.yml"))
STRICT = {"fieldManager": "test", "fieldValidation": "Strict", "force": "true", "dryRun": "All"}
APPLY = "application/apply-patch+yaml"
# A strategy that is a deliberate mistake: the server says so, and no rule of the upgrade.
REFUSED = frozenset({"12_deliberate_mistakes", "10_everything_in_one_file", "11_image_of_the_learner"})


class Server:
    """Namespaces that a dry run needs are made; MetalLB's kinds are not there, and not asked about."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._kinds: dict[str, list[dict[str, t.Any]]] = {}

    def accept(self, result: Upgrade) -> int:
        """Show it all objects; how many it was shown."""
        bodies = [body for body in result.objects() if not body["apiVersion"].startswith(GROUP)]
        for body in bodies:
            if namespace := body["metadata"].get("namespace"):
                self._patch({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
            self._patch(body, **STRICT)
        return len(bodies)

    def _patch(self, body: dict[str, t.Any], **query: str) -> None:
        version = body["apiVersion"]
        base = f"/apis/{version}" if "/" in version else f"/api/{version}"
        if base not in self._kinds:
            self._kinds[base] = self._client.request("GET", base)["resources"]
        kind = next(one for one in self._kinds[base] if one["kind"] == body["kind"] and "/" not in one["name"])
        metadata = body["metadata"]
        place = f"/namespaces/{metadata.get('namespace', 'default')}" if kind["namespaced"] else ""
        path = f"{base}{place}/{kind['name']}/{metadata['name']}"
        self._client.request("PATCH", path, query=query or {"fieldManager": "test"}, body=body, content_type=APPLY)


@pytest.fixture(scope="module")
def server(api_server: t.Any) -> Server:
    return Server(Client.from_kubeconfig(kubeconfig=str(api_server.kubeconfig), context="loopback"))


def key(sample: dict[str, t.Any]) -> tuple[str, str]:
    return sample["apiVersion"], sample["kind"]


def test_there_is_a_sample_of_each_removed_version_and_kind() -> None:
    assert {key(sample) for sample in SAMPLES} == set(versions.ROWS)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: "-".join(key(sample)))
def test_upgraded_object_is_accepted_or_reported(sample: dict[str, t.Any], server: Server) -> None:
    result = upgrade(reading.from_definition(sample))
    if versions.ROWS[key(sample)].successor is None:
        assert [one.object for one in result.not_upgradable()] == [f"{sample['kind']} {sample['metadata']['name']}"]
        assert result.objects() == []
    else:
        assert result.not_upgradable() == []
        assert server.accept(result) == 1
    assert upgrade(reading.from_definition(result.objects())).changes() == []


@pytest.mark.parametrize("path", [path for path in CASES if path.stem not in REFUSED], ids=lambda path: path.stem)
def test_upgraded_folder_is_accepted(path: pathlib.Path, server: Server, tmp_path: pathlib.Path) -> None:
    server.accept(support.upgrade_of(tmp_path, yaml.safe_load(path.read_text())["files"]))


NAMES = st.sampled_from(["web", "web-svc", "site"])
PORTS = st.sampled_from([80, 8000, 8080])
PATHS = st.sampled_from(["/", "/web", "/web/", "/web(/|$)(.*)", "/dashboard(/|$)(.*)"])
BACKENDS = st.fixed_dictionaries({"serviceName": NAMES, "servicePort": PORTS | st.sampled_from(["http", "8000"])})
INGRESSES = st.fixed_dictionaries(
    {
        "apiVersion": st.sampled_from(["extensions/v1beta1", "networking.k8s.io/v1beta1"]),
        "kind": st.just("Ingress"),
        "metadata": st.fixed_dictionaries(
            {"name": NAMES},
            optional={
                "annotations": st.dictionaries(
                    st.sampled_from(
                        [
                            "nginx.ingress.kubernetes.io/rewrite-target",
                            "nginx.ingress.kubernetes.io/configuration-snippet",
                            "kubernetes.io/ingress.class",
                        ]
                    ),
                    st.sampled_from(["/", "/$2", "nginx", "rewrite ^(/web)$ $1/ redirect;"]),
                    max_size=2,
                ),
                "namespace": st.sampled_from(["default", "learner"]),
            },
        ),
        "spec": st.fixed_dictionaries(
            {
                "rules": st.lists(
                    st.fixed_dictionaries(
                        {
                            "http": st.fixed_dictionaries(
                                {
                                    "paths": st.lists(
                                        st.fixed_dictionaries(
                                            {"backend": BACKENDS, "path": PATHS},
                                            optional={
                                                "pathType": st.sampled_from(["ImplementationSpecific", "Prefix"])
                                            },
                                        ),
                                        min_size=1,
                                        max_size=2,
                                    )
                                }
                            )
                        },
                        optional={"host": st.sampled_from(["example.app.org", "*.app.org"])},
                    ),
                    min_size=1,
                    max_size=2,
                )
            },
            optional={"backend": BACKENDS},
        ),
    }
)
SERVICES = st.fixed_dictionaries(
    {
        "apiVersion": st.just("v1"),
        "kind": st.just("Service"),
        "metadata": st.fixed_dictionaries(
            {"name": NAMES},
            optional={"annotations": st.just({"metallb.universe.tf/allow-shared-ip": "a"})},
        ),
        "spec": st.fixed_dictionaries(
            {
                "ports": st.lists(st.fixed_dictionaries({"port": PORTS, "targetPort": PORTS}), min_size=1, max_size=1),
                "selector": st.just({"app": "web"}),
            },
            optional={"type": st.just("LoadBalancer"), "loadBalancerIP": st.just("172.17.255.2")},
        ),
    }
)


@hypothesis.given(st.lists(INGRESSES | SERVICES | st.sampled_from(SAMPLES), min_size=1, max_size=4))
@hypothesis.settings(max_examples=40, deadline=None)
def test_generated_manifests_are_accepted_or_reported_and_upgraded_once(
    server: Server, bodies: list[dict[str, t.Any]]
) -> None:
    result = upgrade(reading.from_values(copy.deepcopy(bodies), "all.yml"))
    server.accept(result)
    assert len(result.objects()) + len(result.not_upgradable()) >= len(bodies)
    assert upgrade(reading.from_definition(result.objects())).changes() == []
