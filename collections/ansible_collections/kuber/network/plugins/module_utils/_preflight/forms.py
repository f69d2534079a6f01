# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The valid values of role variables, beyond the types and choices in their argument specifications."""

from __future__ import annotations

import dataclasses
import os
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._addresses import is_address, is_network
from ansible_collections.kuber.network.plugins.module_utils._proxy import proxy_config
from ansible_collections.kuber.network.plugins.module_utils._yaml import yamltext

_LABEL = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_PROBES = ("exec", "grpc", "httpGet", "tcpSocket")


@dataclasses.dataclass(frozen=True)
class Form:
    """The form of a value; ``fits`` is called with values of the option's type only."""

    wanted: str
    fits: t.Callable[[t.Any], bool]


def _number(least: int, most: int, what: str = "an integer") -> Form:
    return Form(f"{what} from {least} to {most}", lambda value: least <= value <= most)


def _text(pattern: str, wanted: str, *, longest: int = 253, empty: bool = False) -> Form:
    compiled = re.compile(pattern)
    return Form(
        wanted + (", or empty" if empty else ""),
        lambda text: bool(compiled.fullmatch(text)) and len(text) <= longest if text else empty,
    )


def _name(pattern: str, wanted: str, *, longest: int = 253, empty: bool = False) -> Form:
    """A string that is used in manifests without quotes, so YAML must not read it as a number or boolean."""
    form = _text(pattern, wanted + " that YAML reads as a string", longest=longest, empty=empty)
    return Form(form.wanted, lambda text: form.fits(text) and (not text or yamltext.load_all(text, "it") == [text]))


def _is_share(text: str, most: int | None) -> bool:
    found = re.fullmatch(r"(\d{1,9})(%?)", text)
    return found is not None and not (found[2] and most is not None and int(found[1]) > most)


def _is_variable(entry: t.Mapping[str, t.Any]) -> bool:
    kinds = {"name": str, "value": str, "valueFrom": dict}
    return bool(entry.get("name")) and all(isinstance(part, kinds.get(key, ())) for key, part in entry.items())


def _one_of(*words: str) -> Form:
    return Form(" or ".join(words) + ", or empty", lambda text: text in ("", *words))


ANY = Form("anything", lambda _value: True)
ADDRESS = Form("an address such as 172.17.255.1", is_address)
ADDRESS_OR_NONE = Form("an address such as 172.17.255.2, or empty", lambda text: not text or is_address(text))
ADDRESSES = Form("addresses such as 192.168.99.134", lambda texts: all(is_address(text) for text in texts))
# Not the default route.
NETWORK = Form(
    "a network such as 172.17.255.0/24, without host bits", lambda text: is_network(text) and not text.endswith("/0")
)
PORT = _number(1, 65535)
# The default limit of pods on a node.
PODS = _number(1, 1000)
SECONDS = _number(1, 86_400, "seconds,")
NAMESPACE = _name(_LABEL, "a name of lower-case letters, digits and hyphens", longest=63)
NAME = _name(rf"{_LABEL}(?:\.{_LABEL})*", "a name of lower-case letters, digits, hyphens and dots")
# Names of roles may contain colons and capitals, but nothing that would change the request's path.
ROLE = _name(r"(?!\.\.?$)[^/%\s]+", "the name of a ClusterRole")
# It is part of a Deployment's name, and the application's answer.
VERSION_NAME = _name(_LABEL, "a name of at most 51 lower-case letters, digits and hyphens", longest=51)
HOST = _name(rf"{_LABEL}(?:\.{_LABEL})*", "a host name such as example.app.org")
HOST_OR_NONE = _name(rf"{_LABEL}(?:\.{_LABEL})*", "a host name such as example.app.org", empty=True)
# What the admission webhook of ingress-nginx accepts as a path that is not a regular expression.
PATH = _text(
    r"/(?!.*//)(?!.*/\.{1,2}(?:/|$))[A-Za-z0-9._~/-]*", "a path such as /web, of letters, digits and . _ ~ - /"
)
PAGE = _text(r"/[!-~]*", "a path such as /index.html, without spaces", longest=1024)
IMAGE = _text(
    r"[a-z0-9](?:[a-zA-Z0-9._/-]*[a-zA-Z0-9])?(?::[0-9]+/[a-z0-9._/-]+)?(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?",
    "an image such as busybox:1.31.0",
    longest=512,
)
VERSION = _text(r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?", "a version such as 1.15.1, without a leading v")
HEADER = _text(r"[A-Za-z0-9!#$&^_.+-]+", "a name without spaces and colons", empty=True)
HEADER_VALUE = _text(r"[!-~]+(?: [!-~]+)*", "printable ASCII characters", empty=True)
SURGE = Form("a number of pods such as 1, or a share such as 100%", lambda text: _is_share(text, None))
UNAVAILABLE = Form("a number of pods such as 1, or a share of at most 100%", lambda text: _is_share(text, 100))
WORDS = Form("at least one word", bool)
RANGES = Form("at least one range of addresses", bool)
SOURCES = Form("at least one file, or url and sha256", bool)
SCHEDULER = _one_of(*proxy_config.SCHEDULERS)
ENVIRONMENT = Form(
    "a name for each, with a string as value or a mapping as valueFrom",
    lambda value: all(_is_variable(one) for one in value),
)
DIRECTORY = Form("a directory that exists", os.path.isdir)
SETTINGS = Form("names that are strings", lambda value: all(isinstance(key, str) for key in value))
TEXTS = Form(
    "strings only: quote numbers and booleans", lambda value: all(isinstance(one, str) for one in value.values())
)
PROBE = Form(
    f"exactly one of {', '.join(_PROBES)}, with a mapping",
    lambda value: [isinstance(value[key], dict) for key in _PROBES if key in value] == [True],
)

FORMS: dict[str, Form] = {
    "canary_cookie": HEADER,
    "canary_current": VERSION_NAME,
    "canary_header": HEADER,
    "canary_header_value": HEADER_VALUE,
    "canary_host": HOST,
    "canary_image": IMAGE,
    "canary_ingress_class": NAME,
    "canary_init_image": IMAGE,
    "canary_namespace": NAMESPACE,
    "canary_next": VERSION_NAME,
    "canary_path": PATH,
    "canary_port": PORT,
    "canary_replicas": PODS,
    "canary_weight": _number(0, 100),
    "dashboard_args": ANY,
    "dashboard_cluster_role": ROLE,
    "dashboard_env": ENVIRONMENT,
    "dashboard_health_path": PAGE,
    "dashboard_host": HOST,
    "dashboard_image": IMAGE,
    "dashboard_ingress_class": NAME,
    "dashboard_path": PATH,
    "dashboard_port": PORT,
    "gateway_api_class": NAME,
    "gateway_api_manifest": SOURCES,
    "gateway_api_version": VERSION,
    "host_network_destination": NETWORK,
    "host_network_entries": ANY,
    "host_network_nodes": ADDRESSES,
    "host_network_via": ADDRESS_OR_NONE,
    "ingress_nginx_address": ADDRESS,
    "ingress_nginx_config": TEXTS,
    "ingress_nginx_images": ANY,
    "ingress_nginx_manifest": SOURCES,
    "ingress_nginx_replicas": PODS,
    "ingress_nginx_version": VERSION,
    "kube_proxy_scheduler": SCHEDULER,
    "kube_proxy_settings": SETTINGS,
    "kuber_switch_directory": DIRECTORY,
    "kuber_wait_timeout": SECONDS,
    "metallb_dns_address": ADDRESS_OR_NONE,
    "metallb_images": ANY,
    "metallb_manifest": SOURCES,
    "metallb_pool_addresses": RANGES,
    "metallb_pool_name": NAME,
    "metallb_version": VERSION,
    "traefik_args": ANY,
    "traefik_image": IMAGE,
    "traefik_replicas": PODS,
    "traefik_version": VERSION,
    "verify_canary_requests": _number(1, 10_000),
    "verify_timeout": _number(0, 3600, "seconds,"),
    "web_app_address": ADDRESS,
    # The default grace period of a pod.
    "web_app_drain_seconds": _number(0, 600, "seconds,"),
    "web_app_host": HOST_OR_NONE,
    "web_app_image": IMAGE,
    "web_app_ingress_class": NAME,
    "web_app_init_command": WORDS,
    "web_app_init_image": IMAGE,
    "web_app_liveness_probe": PROBE,
    "web_app_max_surge": SURGE,
    "web_app_max_unavailable": UNAVAILABLE,
    "web_app_namespace": NAMESPACE,
    "web_app_path": PATH,
    "web_app_port": PORT,
    "web_app_readiness_path": PAGE,
    "web_app_readiness_port": PORT,
    "web_app_replicas": PODS,
}
