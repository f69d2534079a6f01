# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: to_gateway
short_description: Turn Ingress objects of ingress-nginx into objects of Gateway API
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Reads Ingress objects as ingress-nginx 1.15 does, and returns a Gateway, HTTPRoutes, ReferenceGrants and
    BackendTLSPolicies of C(gateway.networking.k8s.io/v1), all of the standard channel of Gateway API 1.6.
  - Hosts, paths, regular expressions, rewrites (also V(/path(/|$\)(.*\)) with V(/$2)), redirects, certificates,
    backends with HTTPS, default backends, and canaries by header, header value, pattern, cookie and weight have an
    equal.
  - What has no equal is not written, and named with the reason. An Ingress with an annotation that keeps requests out,
    such as those for authentication, is not written at all if Gateway API has no equal for it.
options:
  _input:
    description:
      - A mapping, a YAML text, or a list of either, with Ingress objects of C(networking.k8s.io/v1).
      - Give the Services as well, for their ports, if backends have names of ports or ports of pods.
    type: raw
    required: true
  gateway:
    description: Name of the Gateway.
    type: str
    default: ingress
  namespace:
    description: Namespace of the Gateway.
    type: str
    default: default
  gateway_class:
    description: Its GatewayClass.
    type: str
    default: traefik
  http_port:
    description: Port of its listener for HTTP. Traefik wants the port of an entry point there.
    type: int
    default: 80
  https_port:
    description: Port of its listeners for HTTPS.
    type: int
    default: 443
  ingress_class:
    description: The class of ingress-nginx. Objects of other classes are in the returned C(skipped).
    type: str
    default: nginx
  backend_ca:
    description:
      - Name of a ConfigMap with the authority (C(ca.crt)) of backends with HTTPS, in the namespace of each of them. A
        BackendTLSPolicy always verifies the certificate.
      - Without it, paths to backends with HTTPS are not written.
    type: str
    default: ""
  complete:
    description: Whether it is an error if something is not written, as C(not_converted) names it otherwise.
    type: bool
    default: false
seealso:
  - module: kuber.network.ingress_report
"""

EXAMPLES = r"""
- name: Read the Ingress objects
  kuber.network.manifests_info:
    kind: Ingress
  register: ingresses

- name: Read the Services
  kuber.network.manifests_info:
    kind: Service
  register: services

- name: Convert them, or stop if something has no equal
  ansible.builtin.set_fact:
    converted: "{{ (ingresses.objects + services.objects) | kuber.network.to_gateway(complete=true) }}"

- name: Apply them
  kuber.network.manifests:
    definition: "{{ converted.objects }}"
"""

RETURN = r"""
_value:
  description:
    - C(objects) are the objects of Gateway API, the Gateway first.
    - C(not_converted) names what is not written, each with C(object), C(field), C(why) and C(instead).
    - C(remarks) are fields that work otherwise, as in RV(kuber.network.ingress_report#module:findings).
    - C(skipped) are objects of other classes.
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._ingress.gateway import Options, convert
from ansible_collections.kuber.network.plugins.module_utils._upgrade import reading


def to_gateway(objects: object, *, complete: bool = False, **options: t.Any) -> dict[str, t.Any]:
    try:
        chosen = Options.load(options)
        read = reading.from_definition(objects)
        for finding in read.findings:
            raise KuberError(f"{finding.origin}: {finding.problem}", remedy=finding.remedy)
        bodies = [part.body for part in read.parts if part.body.get("kind") in ("Ingress", "Service")]
        converted = convert(bodies, chosen)
        if complete and converted.not_converted:
            raise KuberError(
                f"Not everything has an equal in Gateway API: {'; '.join(map(str, converted.not_converted))}"
            )
        return converted.dump()
    except KuberError as exc:
        raise AnsibleFilterError(str(exc)) from exc


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"to_gateway": to_gateway}
