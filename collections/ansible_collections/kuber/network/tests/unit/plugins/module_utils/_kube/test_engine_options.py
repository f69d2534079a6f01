# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users of other tools look for: patch only, create only, ways to delete, a hash in the name, the live object."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import diff, engine, transformers
from ansible_collections.kuber.network.plugins.module_utils._kube.decide import Options
from ansible_collections.kuber.network.plugins.module_utils._kube.documents import from_definition

if t.TYPE_CHECKING:
    from .conftest import Cluster

Body = dict[str, t.Any]


def config_map(name: str, **data: str) -> Body:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def there(cluster: Cluster) -> dict[str, t.Any]:
    found = cluster.client.list(cluster.path("configmaps"))
    return {one["metadata"]["name"]: one.get("data") for one in found if one["metadata"]["name"] != "kube-root-ca.crt"}


@pytest.mark.parametrize("check", [True, False])
def test_patched_creates_nothing_and_does_not_wait_for_what_is_not_there(cluster: Cluster, check: bool) -> None:
    cluster.apply(config_map("old", a="1"))
    options = Options(check=check, may_create=False)
    outcome = cluster.run(config_map("old", a="2"), config_map("new", a="2"), options=options, wait_timeout=5)
    assert outcome.error is None
    assert [(one.ref.name, one.action.value, one.reason) for one in outcome.changes.entries] == [
        ("new", "unchanged", "is not there, and state=patched creates nothing"),
        ("old", "configured", "data.a"),
    ]
    assert there(cluster) == {"old": {"a": "1" if check else "2"}}


def test_patched_may_name_some_fields_of_an_object_only(cluster: Cluster) -> None:
    spec = {"ports": [{"port": 80}], "selector": {"app": "web"}}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": spec}
    cluster.client.request("POST", cluster.path("services"), body=service)
    part = {**service, "spec": {"externalTrafficPolicy": "Local", "type": "NodePort"}}
    assert cluster.apply(part, options=Options(may_create=False)) == {"s": "configured"}
    live = cluster.client.get(cluster.path("services", "s"))["spec"]
    assert (live["type"], live["selector"]) == ("NodePort", {"app": "web"})


@pytest.mark.parametrize("check", [True, False])
def test_keep_changes_nothing_that_is_there(cluster: Cluster, check: bool) -> None:
    cluster.apply(config_map("old", a="1"))
    options = Options(check=check, may_change=False)
    done = cluster.apply(config_map("old", a="2"), config_map("new", a="2"), options=options)
    assert done == {"old": "unchanged", "new": "created"}
    assert there(cluster) == {"old": {"a": "1"}} | ({} if check else {"new": {"a": "2"}})


def test_deletion_goes_the_way_that_is_asked_for(cluster: Cluster) -> None:
    owner = config_map("owner")
    cluster.apply(owner)
    uid = cluster.client.get(cluster.path("configmaps", "owner"))["metadata"]["uid"]
    orphan = config_map("orphan")
    owned_by = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid}
    orphan["metadata"]["ownerReferences"] = [owned_by | {"blockOwnerDeletion": True}]
    cluster.apply(orphan)
    options = Options(delete_options={"propagationPolicy": "Orphan", "gracePeriodSeconds": 0})
    assert cluster.apply(owner, present=False, options=options, wait=True) == {"owner": "deleted"}
    assert set(there(cluster)) == {"orphan"}
    assert not cluster.client.get(cluster.path("configmaps", "orphan"))["metadata"].get("ownerReferences")


def test_hash_in_the_name_is_the_one_of_kubernetes_core() -> None:
    """Where kubectl has another one, too: the filter k8s_config_resource_name is what users refer to them with."""
    hashed = [
        transformers.with_hash(one).ref.name
        for one in from_definition([config_map("s", v="a<b>&c"), config_map("s", v="\u00e9")])
    ]
    assert hashed == ["s-k99d67k8hf", "s-c6mg7hmmh8"]


def test_hash_in_the_name_is_the_one_of_kubectl(cluster: Cluster) -> None:
    # kubectl create configmap settings --from-literal=b=2 --from-literal=a=1 --append-hash, and a Secret alike.
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "MQ=="}}
    objects = [config_map("settings", b="2", a="1"), secret, {**secret, "kind": "Service"}]
    hashed = [transformers.with_hash(one).ref.name for one in from_definition(objects)]
    assert hashed == ["settings-d8ck2fb84m", "s-gtkfk5m49d", "s"]
    for value, name in (("1", "settings-d8ck2fb84m"), ("2", None)):
        (done,) = cluster.apply(config_map("settings", a=value, b="2"), append_hash=True)
        assert done == (name or done)
    assert len(there(cluster)) == 2


@pytest.mark.parametrize("check", [True, False])
def test_live_objects_come_back_and_tell_no_secret(cluster: Cluster, check: bool) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "hush-hush"}}
    options = Options(check=check)
    outcome = cluster.run(config_map("c", a="1"), secret, return_live=True, options=options)
    shown = {ref.name: diff.public(body) for ref, body in outcome.live.items() if body is not None}
    assert shown["c"]["data"] == {"a": "1"}
    assert shown["c"]["metadata"]["uid"]
    assert "managedFields" not in shown["c"]["metadata"]
    assert shown["s"]["data"] == {"a": "***"}
    assert cluster.run(config_map("c", a="1")).live == {}


@pytest.mark.parametrize("broken", [KuberError("The API server is gone"), ValueError("hush-hush")])
def test_live_objects_that_cannot_be_read_lose_nothing_that_was_done(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, broken: Exception
) -> None:
    def fail(*_args: object) -> t.NoReturn:
        raise broken

    monkeypatch.setattr(engine.Run, "_in_the_end", fail)
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "hush-hush"}}
    outcome = cluster.run(config_map("c", a="1"), secret, return_live=True)
    assert outcome.changes.summary() == "2 objects: 2 created"
    assert (str(broken) if isinstance(broken, KuberError) else "ValueError: ***") in str(outcome.error)


def test_a_set_with_a_record_is_not_only_patched() -> None:
    from ansible_collections.kuber.network.plugins.plugin_utils import _manifests_args

    params = {"field_manager": "a", "namespace": None, "prune": {"name": "x", "namespace": None}, "state": "patched"}
    with pytest.raises(KuberError, match="The option prune does not go with state=patched"):
        _manifests_args.desired_set(params, (), check=False)
