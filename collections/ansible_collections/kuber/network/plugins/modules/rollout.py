# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout
short_description: Roll out a Deployment and record it
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Replaces all pods of a Deployment with those of a new revision of the same content, as C(kubectl rollout
    restart) does, with the given strategy or the Deployment's own. Records how many pods of
    each revision exist, how many of them are available, and the results of requests meanwhile.
  - Draws a picture with a column per second and a row per pod, and lists the events in order.
  - The strategy stays in the Deployment. Apply its manifest again to restore the manifest's strategy.
  - Pods are counted as a Deployment counts them, which excludes terminating pods.
  - A failed rollout fails the task with the reasons, as with M(kuber.network.manifests).
extends_documentation_fragment:
  - kuber.network.connection
  - kuber.network.attributes
attributes:
  diff_mode:
    support: none
  idempotent:
    support: none
    details: Each run is a new rollout.
options:
  name:
    description: Name of the Deployment.
    type: str
    required: true
  namespace:
    description: Its namespace. The default is that of the context, or C(default).
    type: str
  strategy:
    description:
      - How pods are replaced. V(blue_green) is C(maxSurge) 100 % and C(maxUnavailable) 0, so that all new pods start
        before the old ones stop. V(reverse) is 0 and 1, one stops and one starts. V(all_at_once) is 100 % and 100 %.
        V(recreate) is the type C(Recreate), which stops all old pods before it creates new ones.
      - The default, without O(max_surge), is the Deployment's own strategy.
    type: str
    choices: [all_at_once, blue_green, recreate, reverse]
  max_surge:
    description:
      - C(maxSurge) of a custom rolling update. How many pods, or which percentage such as V(25%), may exist
        in addition. Kubernetes rounds a percentage up.
      - Both 0 is refused, because then no pod may be added before one is removed, and none removed before one is
        added.
    type: str
  max_unavailable:
    description:
      - C(maxUnavailable) of it. How many pods, or which percentage, may be unavailable. Kubernetes rounds it down;
        if that results in 0 and O(max_surge) is 0, it uses 1.
    type: str
  title:
    description: Title of this rollout. The default is the name of the Deployment.
    type: str
  probe_url:
    description:
      - Address to send requests to while the rollout goes on. An answer other than 200 has failed, and so has one that
        takes longer than O(timeout).
      - It must answer within ten seconds before the rollout begins.
      - Without it, no requests are sent.
    type: str
  probe_from:
    description:
      - From where the requests come. V(controller) is the machine that runs Ansible.
      - V(host) is the task's host, a node that is reached by P(kuber.network.minikube#connection), through whose SSH
        they go; for machines without a route to O(probe_url), which has to name an address then.
    type: str
    choices: [controller, host]
    default: controller
  rate:
    description: Requests per second, at most 100. Each uses a new connection.
    type: float
    default: 10.0
  timeout:
    description: Seconds to wait for an answer.
    type: float
    default: 10.0
  earlier:
    description: Results of earlier rollouts, to compare with this one in a table.
    type: list
    elements: dict
    default: []
  wait_timeout:
    description: Seconds that the rollout may take.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Record a rollout that adds at most one pod and removes at most one
  kuber.network.rollout:
    name: web
    max_surge: 25%
    max_unavailable: 1

- name: Fail if users notice a rollout
  kuber.network.rollout:
    name: web
    strategy: blue_green
    probe_url: http://172.17.255.1/index.html
  register: rollout
  failed_when: rollout is failed or rollout.failed_requests > 0
"""

RETURN = r"""
title:
  description: Title of the rollout.
  returned: success
  type: str
  sample: blue-green
strategy:
  description: The strategy.
  returned: success
  type: dict
  contains:
    type:
      description: V(RollingUpdate) or V(Recreate).
      type: str
    max_surge:
      description: How many pods, or which percentage, may exist in addition. V(null) with V(Recreate).
      type: raw
    max_unavailable:
      description: How many pods, or which percentage, may be unavailable. V(null) with V(Recreate).
      type: raw
  sample: {type: RollingUpdate, max_surge: 100%, max_unavailable: 0}
bounds:
  description: The bounds of the strategy, rounded as Kubernetes does.
  returned: success
  type: dict
  contains:
    most_pods:
      description: The most pods that may exist at once.
      type: int
    fewest_available:
      description: The fewest pods that must be available at any time.
      type: int
  sample: {most_pods: 6, fewest_available: 3}
seconds:
  description: Seconds until the new pods were available and the old ones were terminating.
  returned: success, not in check mode
  type: float
  sample: 14.2
most_pods:
  description: The most pods that existed at once.
  returned: success, not in check mode
  type: int
  sample: 6
fewest_available:
  description: The fewest pods that were available at once.
  returned: success, not in check mode
  type: int
  sample: 3
requests:
  description: The number of requests.
  returned: success, not in check mode
  type: int
  sample: 143
failed_requests:
  description: The number of failed requests.
  returned: success, not in check mode
  type: int
  sample: 0
failures:
  description: The reasons of failed requests, with their number.
  returned: success, not in check mode
  type: dict
  sample: {connection refused: 12}
events:
  description: The events, in order.
  returned: success, not in check mode
  type: list
  elements: dict
  contains:
    at:
      description: Seconds after the beginning.
      type: float
    what:
      description: The event.
      type: str
  sample:
    - at: 0.2
      what: new pod web-6c7f9d5b4-8xkzp is created
timeline:
  description: The worst moment of each second.
  returned: success, not in check mode
  type: list
  elements: dict
  contains:
    second:
      description: The number of the second.
      type: int
    old:
      description: Pods of the old revision, by phase.
      type: dict
      contains: &phases
        available:
          description: Available pods.
          type: int
        unready:
          description: Pods that are not ready.
          type: int
        leaving:
          description: Terminating pods.
          type: int
    new:
      description: Pods of the new revision, by phase.
      type: dict
      contains: *phases
    available:
      description: Old and new pods that are available.
      type: int
    answers:
      description: Requests sent in this second.
      type: int
    failed:
      description: The number of failed requests.
      type: int
  sample:
    - second: 0
      old: {available: 3, unready: 0, leaving: 0}
      new: {available: 0, unready: 3, leaving: 0}
      available: 3
      answers: 10
      failed: 0
picture:
  description: The lines of the picture.
  returned: success, not in check mode
  type: list
  elements: str
svg:
  description: This rollout, below those of O(earlier), as a self-contained SVG.
  returned: success, not in check mode
  type: str
"""
