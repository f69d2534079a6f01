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
  - Replaces all pods of a Deployment by new ones of the same kind, as C(kubectl rollout restart) does and by the rules
    of its strategy, and records what happens. How many pods there are, how many of them are available, and what becomes
    of requests meanwhile.
  - Draws a picture of it, a column for a second and a row for a pod, and lists what has happened in its order.
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
  title:
    description: What to call this rollout. Without it, the name of the Deployment.
    type: str
  url:
    description:
      - Address to send requests to while the rollout goes on, from the machine that runs Ansible. An answer other than
        200 has failed, and so has one that takes longer than O(timeout).
      - It must answer before the rollout begins. Ten seconds are granted for that.
      - Without it, no requests are sent.
    type: str
  rate:
    description: How many requests a second, at most 100. Each has a connection of its own.
    type: float
    default: 10.0
  timeout:
    description: How many seconds an answer may take.
    type: float
    default: 2.0
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
- name: See whether users notice a rollout
  kuber.network.rollout:
    name: web
    url: http://172.17.255.1/index.html
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
  description: The strategy of the Deployment.
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
      description: Old pods that are available.
      type: int
    new:
      description: New pods that are available.
      type: int
    unready:
      description: Pods that are not ready.
      type: int
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
    - {second: 0, old: 3, new: 0, unready: 3, available: 3, answers: 10, failed: 0}
picture:
  description: The lines of the picture.
  returned: success, not in check mode
  type: list
  elements: str
"""
