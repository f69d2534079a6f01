# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: upgraded_manifests
short_description: Upgrade manifests to current API versions
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Upgrades a set of Kubernetes objects to what today's API server, MetalLB and ingress-nginx take, and says for each
    change which field it was, what it was, what it is, and why, with a link to the upstream documentation.
  - Removed API versions become their successors, fields included. MetalLB's ConfigMap becomes an IPAddressPool and an
    L2Advertisement, and a pool that nothing announces gets an L2Advertisement. C(loadBalancerIP) and annotations with
    the prefix C(metallb.universe.tf) become those with C(metallb.io). An Ingress gets a class, path types and backends
    of C(networking.k8s.io/v1), and names ports of Services, not of pods. Namespaces that objects are in and the set
    lacks are added.
  - What has no equal is reported in RV(not_upgradable) and stays as it is. Nothing is left out silently.
  - Neither the files nor the cluster are touched. With O(dest) the upgraded folder is written elsewhere.
  - The files may be anybody's. No template in them is evaluated, and nothing of them is run. A link that leads out of
    the folder, a special file, more than 2000 entries or 16 MiB are refused as a whole; a file that is not text or
    not YAML, or that is built to grow when it is read, is reported, and the other files are still looked at.
  - Which objects the API server accepts, only the API server knows. Apply the result with
    M(kuber.network.manifests) in check mode to ask it.
extends_documentation_fragment:
  - kuber.network.attributes
options:
  src:
    description:
      - A folder, of which all files C(*.yml), C(*.yaml) and C(*.json) are read, also those in its subfolders, or one
        file. Hidden files and folders are left out.
      - One of O(src) and O(definition) is required.
    type: path
  definition:
    description: A mapping, a YAML text, or a list of either, instead of files.
    type: raw
  dest:
    description:
      - Folder to write the upgraded files to, with the names that they have in O(src). It must not lie in O(src).
      - Documents without a change are copied byte for byte. In the others comments, order and the ways in which values
        are written are kept. Added Namespaces are in C(00-namespaces.yml).
      - Objects that cannot be upgraded are written as they were.
      - A record of what was written is kept in C(.kuber-upgraded.json). A file that is not as the last run left it is
        not overwritten; the task fails. Files whose source has gone are removed.
      - Requires the Python library ruamel.yaml, unless no object changes.
    type: path
  ingress_class:
    description: The class of Ingress objects that name none, unless the set has a default IngressClass.
    type: str
    default: nginx
notes:
  - If the set holds a Secret, Ansible does not show what the task returns. Other tasks can use it.
seealso:
  - module: kuber.network.manifests
  - plugin: kuber.network.upgraded_manifests
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Write the folder as today's server takes it
  kuber.network.upgraded_manifests:
    src: ~/kubernetes-networks
    dest: ~/kubernetes-networks.upgraded
  register: upgraded

- name: Show what could not be upgraded
  ansible.builtin.debug:
    var: upgraded.not_upgradable

- name: Apply what could
  kuber.network.manifests:
    definition: "{{ upgraded.objects }}"
"""

RETURN = r"""
objects:
  description: The upgraded objects, Namespaces that were added first; without those in RV(not_upgradable).
  returned: success
  type: list
  elements: dict
  sample:
    - apiVersion: v1
      kind: Namespace
      metadata:
        name: homework
changes:
  description: What has changed, in the order of the files.
  returned: success
  type: list
  elements: dict
  contains:
    object:
      description: Kind, namespace and name of the object.
      type: str
    origin:
      description: File, document and item; empty for an added Namespace.
      type: str
    field:
      description: The field; empty for an object that was added, or that others replace.
      type: str
    before:
      description: What it was; nothing if it was not there.
      type: raw
    after:
      description: What it is; nothing if it has gone.
      type: raw
    why:
      description: The reason.
      type: str
    link:
      description: Where upstream documents it.
      type: str
  sample:
    - object: Ingress default/web
      origin: web-ingress.yaml, document 1
      field: apiVersion
      before: networking.k8s.io/v1beta1
      after: networking.k8s.io/v1
      why: Kubernetes 1.22 removed networking.k8s.io/v1beta1 of Ingress
      link: https://kubernetes.io/docs/reference/using-api/deprecation-guide/#ingress-v122
not_upgradable:
  description: Files that cannot be read, and objects that have no equal or lack what only their author can know.
  returned: success
  type: list
  elements: dict
  contains: &finding
    object:
      description: The object; empty for a whole file or document.
      type: str
    origin:
      description: File, document and item.
      type: str
    problem:
      description: What is wrong.
      type: str
    remedy:
      description: What to do.
      type: str
    link:
      description: Where upstream documents it, if it does.
      type: str
  sample:
    - object: PodSecurityPolicy speaker
      origin: metallb.yaml, document 2
      problem: Kubernetes 1.25 removed PodSecurityPolicy (policy/v1beta1) without a successor
      remedy: Label the Namespaces with a Pod Security Standard and delete the policy
      link: https://kubernetes.io/docs/reference/using-api/deprecation-guide/#psp-v125
remarks:
  description: What else there is to know, such as images that are gone and Services that the set does not hold.
  returned: success
  type: list
  elements: dict
  contains: *finding
  sample: []
files:
  description: The files of the upgraded folder.
  returned: with O(dest)
  type: list
  elements: str
  sample: [00-namespaces.yml, web-ingress.yaml]
"""
