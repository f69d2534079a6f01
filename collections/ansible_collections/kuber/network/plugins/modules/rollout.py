# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout
short_description: A rollout of a Deployment, recorded
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Replaces all pods of a Deployment by those of a new revision, which are of the same kind, as C(kubectl rollout
    restart) does, by the strategy that is asked for or by the Deployment's own. Records what happens. How many pods of
    which revision there are, how many of them are available, and what becomes of requests meanwhile.
  - Draws a picture of it, a column for a second and a row for a pod, and lists what has happened in its order.
  - The strategy stays in the Deployment. Applying its manifest once more brings back that of the manifest.
  - Pods count as a Deployment counts them. One that is told to end is not there any more, though it may take its time.
  - A rollout that does not succeed fails as with M(kuber.network.manifests), with the reasons.
extends_documentation_fragment:
  - kuber.network.connection
  - kuber.network.attributes
attributes:
  diff_mode:
    support: none
  idempotent:
    support: none
    details: Each run is a rollout.
options:
  name:
    description: Name of the Deployment.
    type: str
    required: true
  namespace:
    description: Its namespace. Without it, that of the context, which is C(default) if it names none.
    type: str
  strategy:
    description:
      - By which rules the pods are replaced. V(blue_green) is C(maxSurge) 100 % and C(maxUnavailable) 0, so that all
        new pods come before the old ones go. V(reverse) is 0 and 1, one goes and one comes. V(all_at_once) is 100 %
        and 100 %. V(recreate) is the type C(Recreate), which ends all old pods before it makes new ones.
      - Without it and without O(max_surge), the Deployment's own.
    type: str
    choices: [all_at_once, blue_green, recreate, reverse]
  max_surge:
    description:
      - C(maxSurge) of a rolling update of your own. How many pods, or which share of them such as V(25%), may be there
        in addition. Kubernetes rounds a share up.
      - Both 0 is refused, because then no pod could be added before one is gone, and none may go before another is
        added.
    type: str
  max_unavailable:
    description:
      - C(maxUnavailable) of it. How many pods, or which share of them, may be missing. Kubernetes rounds a share down;
        where that leaves 0 beside a O(max_surge) of 0, it takes 1.
    type: str
  title:
    description: What to call this rollout. Without it, the name of the Deployment.
    type: str
  probe_url:
    description:
      - Address to send requests to while the rollout goes on. An answer other than 200 has failed, and so has one that
        takes longer than O(timeout).
      - It must answer before the rollout begins. Ten seconds are granted for that.
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
    description: How many requests a second, at most 100. Each has a connection of its own.
    type: float
    default: 10.0
  timeout:
    description: How many seconds an answer may take. One that comes late is an answer; who waits longer has given up.
    type: float
    default: 10.0
  earlier:
    description: Results of rollouts before this one, to be shown beside it in a table.
    type: list
    elements: dict
    default: []
  wait_timeout:
    description: How many seconds the rollout may take.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Show a rollout that adds one pod at most, and removes one at most
  kuber.network.rollout:
    name: web
    max_surge: 25%
    max_unavailable: 1

- name: See whether users notice a rollout
  kuber.network.rollout:
    name: web
    strategy: blue_green
    probe_url: http://172.17.255.1/index.html
  register: rollout
  failed_when: rollout is failed or rollout.failed_requests > 0
"""

RETURN = r"""
title:
  description: What the rollout is called.
  returned: success
  type: str
  sample: blue-green
strategy:
  description: By which rules the pods were replaced.
  returned: success
  type: dict
  contains:
    type:
      description: V(RollingUpdate) or V(Recreate).
      type: str
    max_surge:
      description: How many pods, or which share, may be there in addition. V(null) with V(Recreate).
      type: raw
    max_unavailable:
      description: How many pods, or which share, may be missing. V(null) with V(Recreate).
      type: raw
  sample: {type: RollingUpdate, max_surge: 100%, max_unavailable: 0}
bounds:
  description: What these rules allow, rounded as Kubernetes rounds.
  returned: success
  type: dict
  contains:
    most_pods:
      description: How many pods may be there at once.
      type: int
    fewest_available:
      description: How many pods must be available at any moment.
      type: int
  sample: {most_pods: 6, fewest_available: 3}
seconds:
  description: How long it took until the new pods were available and the old ones were told to end.
  returned: success, not in check mode
  type: float
  sample: 14.2
most_pods:
  description: The most pods that were there at once.
  returned: success, not in check mode
  type: int
  sample: 6
fewest_available:
  description: The fewest pods that were available at once.
  returned: success, not in check mode
  type: int
  sample: 3
requests:
  description: How many requests were sent.
  returned: success, not in check mode
  type: int
  sample: 143
failed_requests:
  description: How many of them have failed.
  returned: success, not in check mode
  type: int
  sample: 0
failures:
  description: What the failed requests met, with how often.
  returned: success, not in check mode
  type: dict
  sample: {connection refused: 12}
events:
  description: What has happened, in its order.
  returned: success, not in check mode
  type: list
  elements: dict
  contains:
    at:
      description: How many seconds after the beginning.
      type: float
    what:
      description: What it was.
      type: str
  sample:
    - at: 0.2
      what: new pod web-6c7f9d5b4-8xkzp is made
timeline:
  description: The worst moment of each second.
  returned: success, not in check mode
  type: list
  elements: dict
  contains:
    second:
      description: Which second.
      type: int
    old:
      description: Pods of the old revision, by phase.
      type: dict
      contains: &phases
        available:
          description: How many are ready.
          type: int
        unready:
          description: How many are not.
          type: int
        leaving:
          description: How many have been told to end and are still there.
          type: int
    new:
      description: Pods of the new revision, by phase.
      type: dict
      contains: *phases
    available:
      description: Old and new pods that are available.
      type: int
    answers:
      description: How many requests were sent in this second.
      type: int
    failed:
      description: How many of them have failed.
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
  description: This rollout, below those of O(earlier), as an SVG picture that needs nothing else.
  returned: success, not in check mode
  type: str
"""
