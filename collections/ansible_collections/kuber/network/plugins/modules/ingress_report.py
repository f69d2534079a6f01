# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ingress_report
short_description: Report what becomes of Ingress objects of ingress-nginx elsewhere
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Reads all Ingress objects of the cluster that ingress-nginx serves, or those in O(definition) or O(src), and says
    for each field whether it works the same behind Traefik 3.7, with its provider C(kubernetesIngressNGINX), and as
    objects of Gateway API 1.6, as the filter P(kuber.network.to_gateway#filter) writes them and Traefik serves them.
  - The verdicts come from a table of every annotation that ingress-nginx 1.15 documents, and of other fields of an
    Ingress, such as ports of pods in backends, regular expressions, rewrites, canaries and rules without a host.
    Each row names its source. An annotation that is not in the table is V(unknown), never V(same).
  - The verdicts are read from the documentation and the code of these versions, with the defaults of Traefik's
    provider. The ConfigMap of ingress-nginx is not checked.
  - Changes nothing.
extends_documentation_fragment:
  - kuber.network.connection
  - kuber.network.attributes.info
options:
  src:
    description:
      - A folder of manifests, or one file, in place of the cluster. It is read as with
        O(kuber.network.upgraded_manifests#module:src), and need not be trusted.
    type: path
  definition:
    description:
      - Objects in place of those of the cluster, a mapping, a YAML text, or a list of either.
      - With O(src) or O(definition), a Service that is not among the objects is V(unknown).
    type: raw
  targets:
    description: Where the objects are to go.
    type: list
    elements: str
    choices: [traefik, gateway]
    default: [traefik, gateway]
  ingress_class:
    description: The class of ingress-nginx. Objects of other classes are in RV(skipped).
    type: str
    default: nginx
  show:
    description: Whether to print the report.
    type: bool
    default: true
seealso:
  - module: kuber.network.upgraded_manifests
  - plugin: kuber.network.to_gateway
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Report what would not work behind Traefik
  kuber.network.ingress_report:
    targets: [traefik]
  register: report

- name: Stop before something stops
  ansible.builtin.assert:
    that: report.findings | selectattr('verdict', 'in', ['stops', 'unknown']) | length == 0
    fail_msg: "{{ report.lines | join('\n') }}"

- name: Upgrade the objects, while ingress-nginx still serves them
  kuber.network.manifests:
    definition: "{{ report.upgraded }}"
"""

RETURN = r"""
findings:
  description: One entry for each field and target, in the order of the objects.
  returned: success
  type: list
  elements: dict
  contains:
    object:
      description: Kind, namespace and name of the object.
      type: str
    field:
      description: The field.
      type: str
    value:
      description: Its value.
      type: str
    target:
      description: V(traefik) or V(gateway).
      type: str
    verdict:
      description: V(same), V(changes), V(unknown) or V(stops).
      type: str
    why:
      description: What becomes of it there. Empty if there is nothing to say.
      type: str
    nginx:
      description: What ingress-nginx does. Empty for an annotation.
      type: str
    instead:
      description: What to do about it. Empty if there is nothing to do, or nothing known.
      type: str
    upgraded:
      description: The field as YAML that works with ingress-nginx and with the target. Empty if there is none.
      type: str
    link:
      description: The source.
      type: str
  sample:
    - object: Ingress default/web
      field: spec.rules[0].http.paths[0].backend.service.port
      value: "8000"
      target: traefik
      verdict: stops
      why: Traefik finds no such port of the Service, and answers 503
      nginx: >-
        A backend refers to a port of the Service, not of its pods; ingress-nginx accepts both, other controllers do not
      instead: Use the port of the Service
      upgraded: "port:\n  number: 80\n"
      link: https://github.com/traefik/traefik/blob/v3.7.13/pkg/provider/kubernetes/ingress-nginx/build.go
skipped:
  description: Ingress objects that are not of O(ingress_class), with the reason.
  returned: success
  type: list
  elements: dict
  contains:
    object:
      description: Kind, namespace and name of the object.
      type: str
    why:
      description: The reason.
      type: str
  sample: []
upgraded:
  description:
    - The objects with a change in RV(findings[].upgraded), as a whole, with all such changes. ingress-nginx serves them
      as before.
  returned: success
  type: list
  elements: dict
  sample: []
summary:
  description: How many objects have which verdict, by target. An object has the worst of its fields.
  returned: success
  type: dict
  sample:
    traefik: {same: 3, changes: 1, unknown: 0, stops: 1}
lines:
  description: The report as text.
  returned: success
  type: list
  elements: str
  sample:
    - "Traefik: 1 Ingress object: 1 the same, 0 with changes, 0 unknown, 0 with something that stops"
"""
