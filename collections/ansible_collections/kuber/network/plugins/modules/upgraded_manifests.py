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
  - Upgrades a set of Kubernetes objects to what current API servers, MetalLB and ingress-nginx accept, and returns for
    each change the field, its old and new value, and the reason, with a link to the upstream documentation.
  - Removed API versions are replaced by their successors, fields included. MetalLB's ConfigMap becomes an IPAddressPool
    and an L2Advertisement, and a pool that nothing announces gets an L2Advertisement. C(loadBalancerIP) and annotations
    with the prefix C(metallb.universe.tf) become those with C(metallb.io). An Ingress gets a class, path types and
    backends of C(networking.k8s.io/v1), and refers to ports of Services, not of pods. Namespaces of objects that the
    set lacks are added.
  - What cannot be converted is reported in RV(not_upgradable) and stays unchanged. Nothing is omitted silently.
  - Neither the files nor the cluster are changed. With O(dest) the upgraded folder is written elsewhere.
  - The files need not be trusted. Templates in them are not evaluated, and nothing of them is run. A link to outside of
    the folder, a special file, more than 2000 entries or 16 MiB are refused as a whole; a file that is not text or
    not YAML, or that expands excessively, is reported, and the other files are still read.
  - Only the API server knows which objects it accepts. Apply the result with
    M(kuber.network.manifests) in check mode to find out.
extends_documentation_fragment:
  - kuber.network.attributes
options:
  src:
    description:
      - A folder, whose files C(*.yml), C(*.yaml) and C(*.json) are read, including its subfolders, or one
        file. Hidden files and folders are skipped.
      - One of O(src) and O(definition) is required.
    type: path
  definition:
    description: A mapping, a YAML text, or a list of either, instead of files.
    type: raw
  dest:
    description:
      - Folder to write the upgraded files to, with their names in O(src). It must not be inside O(src).
      - Unchanged documents are copied byte for byte. In the others comments, order and the notation of values
        are preserved. Added Namespaces are in C(00-namespaces.yml).
      - Objects that cannot be upgraded are written unchanged.
      - A record of the written files is kept in C(.kuber-upgraded.json). A file that was changed since the last run is
        not overwritten; the task fails. Files without a source are removed.
      - Requires the Python library ruamel.yaml, unless no object changes.
    type: path
  ingress_class:
    description: The class for Ingress objects without one, unless the set has a default IngressClass.
    type: str
    default: nginx
notes:
  - If the set contains a Secret, Ansible does not show the result of the task. Other tasks can use it.
seealso:
  - module: kuber.network.manifests
  - plugin: kuber.network.upgraded_manifests
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Write an upgraded copy of a folder
  kuber.network.upgraded_manifests:
    src: ~/kubernetes-networks
    dest: ~/kubernetes-networks.upgraded
  register: upgraded

- name: Show what could not be upgraded
  ansible.builtin.debug:
    var: upgraded.not_upgradable

- name: Apply the upgraded objects
  kuber.network.manifests:
    definition: "{{ upgraded.objects }}"
"""

RETURN = r"""
objects:
  description: The upgraded objects, added Namespaces first, without those in RV(not_upgradable).
  returned: success
  type: list
  elements: dict
  sample:
    - apiVersion: v1
      kind: Namespace
      metadata:
        name: homework
changes:
  description: The changes, in the order of the files.
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
      description: The field; empty for an object that was added or replaced.
      type: str
    before:
      description: The old value; V(null) if there was none.
      type: raw
    after:
      description: The new value; V(null) if it was removed.
      type: raw
    why:
      description: The reason.
      type: str
    link:
      description: Link to upstream's documentation.
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
  description: Files that cannot be read, and objects that cannot be converted or lack what only their author can know.
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
      description: Link to upstream's documentation, if any.
      type: str
  sample:
    - object: PodSecurityPolicy speaker
      origin: metallb.yaml, document 2
      problem: Kubernetes 1.25 removed PodSecurityPolicy (policy/v1beta1) without a successor
      remedy: Label the Namespaces with a Pod Security Standard and delete the policy
      link: https://kubernetes.io/docs/reference/using-api/deprecation-guide/#psp-v125
remarks:
  description: Other remarks, such as unavailable images and Services that the set lacks.
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
