# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: traffic
short_description: Ask a Service all the time while other tasks change something
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Starts a process on the controller that requests a page at a steady rate, each time on a new connection, keeps
    TCP connections open that go on exchanging requests, and asks a name server over UDP from one source port.
    Later it is stopped, and the figures and a picture are returned.
  - The process ends by itself when the playbook is gone, and after two hours. It leaves no file then.
  - Nothing is written but a directory for temporary files, which is removed with state V(stopped).
extends_documentation_fragment:
  - kuber.network.attributes.info
options:
  state:
    description:
      - V(started) starts to ask. It fails, and starts nothing, if the page or the name server does not answer.
      - V(marked) notes that something happens now, for the picture. The first mark is second 0.
      - V(stopped) ends it, prints the picture, and returns the figures.
    type: str
    required: true
    choices: [started, marked, stopped]
  url:
    description:
      - The page, C(http://ADDRESS/PATH). Its server has to keep connections open (HTTP/1.1).
      - Required with O(state=started).
    type: str
  name_server:
    description: A name server that is asked over UDP, ADDRESS or ADDRESS:PORT. Empty for none.
    type: str
    default: ""
  connections:
    description: How many TCP connections are kept open, from 0 to 100.
    type: int
    default: 4
  rate:
    description: Requests per second, and questions per second on each open connection; above 0, at most 100.
    type: float
    default: 10
  timeout:
    description: Seconds after which a request or a question counts as failed.
    type: float
    default: 5
  path:
    description: What O(state=started) has returned. Required with the other states.
    type: path
  what:
    description: What happens now. Required with O(state=marked).
    type: str
  title:
    description: Title of the picture.
    type: str
    default: switch
  earlier:
    description: Results of earlier tasks with O(state=stopped), to be drawn above this one in RV(svg).
    type: list
    elements: dict
    default: []
seealso:
  - module: kuber.network.rollout
"""

EXAMPLES = r"""
- name: Start requesting pages
  kuber.network.traffic:
    state: started
    url: http://172.17.255.1/index.html
    name_server: 172.17.255.2
  register: traffic

- name: Note what happens
  kuber.network.traffic:
    state: marked
    path: "{{ traffic.path }}"
    what: kube-proxy restarts

- name: Stop, and read what users saw
  kuber.network.traffic:
    state: stopped
    path: "{{ traffic.path }}"
  register: seen

- name: Check that no user noticed
  ansible.builtin.assert:
    that: seen.requests.failed == 0
"""

RETURN = r"""
path:
  description: The directory of the process, for the other states.
  returned: with O(state=started)
  type: str
  sample: /tmp/kuber-traffic-8vxk2c1z
requests:
  description: Requests on new connections.
  returned: with O(state=stopped)
  type: dict
  contains: &asked
    sent:
      description: How many were sent.
      type: int
    failed:
      description: How many of them failed.
      type: int
    failures:
      description: The reasons, with how often.
      type: dict
    longest_gap:
      description: The longest time in seconds between sending two that were answered, or from the last one to the end.
      type: float
    recovered:
      description: Whether the last one was answered.
      type: bool
udp:
  description: Questions over UDP from one source port.
  returned: with O(state=stopped)
  type: dict
  contains: *asked
tcp:
  description: What became of the TCP connections that were opened at the start.
  returned: with O(state=stopped)
  type: dict
  contains:
    open:
      description: How many there were.
      type: int
    kept:
      description: How many were still used at the end.
      type: int
    broken:
      description: >-
        For each other one, when it broke (C(at), in seconds), C(why), and after how many seconds a new one was answered
        (C(answered_again_after)).
      type: list
      elements: dict
    exchanges:
      description: Number of requests on these connections, and on those that replaced them.
      type: int
    failed:
      description: How many of these failed.
      type: int
    longest_wait:
      description: The longest time in seconds that an answer took.
      type: float
events:
  description: The marks, with their time C(at) in seconds after the first one.
  returned: with O(state=stopped)
  type: list
  elements: dict
timeline:
  description: For each second, how many of each kind were sent, and how many of them failed.
  returned: with O(state=stopped)
  type: list
  elements: dict
title:
  description: The title.
  returned: with O(state=stopped)
  type: str
picture:
  description: The picture as text.
  returned: with O(state=stopped)
  type: list
  elements: str
svg:
  description: The picture as SVG.
  returned: with O(state=stopped)
  type: str
"""
