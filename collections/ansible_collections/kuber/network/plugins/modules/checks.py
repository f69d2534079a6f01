# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: checks
short_description: Check that a live system works as wanted
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Runs a list of checks in parallel, and repeats those that fail until O(timeout).
  - Prints a table with one line per check, and fails with a list of all checks that did not pass.
  - Changes nothing.
  - Everything but commands is asked from the machine that runs Ansible, unless O(from) says otherwise.
    Commands, also those of O(checks[].ipvs), run on the task's host, which needs a shell but no Python.
extends_documentation_fragment:
  - kuber.network.attributes.info
options:
  kubeconfig:
    description:
      - Path of the kubeconfig file, for O(checks[].live) and O(checks[].ipvs).
      - The default are the files in the environment variable E(KUBECONFIG), or C(~/.kube/config).
    type: path
  context:
    description: The context of the kubeconfig to use. Without it, the current one.
    type: str
  timeout:
    description: For how many seconds failing checks are repeated. With V(0) each runs once.
    type: float
    default: 60.0
  interval:
    description: Seconds between two rounds.
    type: float
    default: 1.0
  from:
    description:
      - From where O(checks[].http), O(checks[].dns) and O(checks[].ping) are asked that do not say it themselves.
      - Commands run on the task's host in any case.
    type: str
    choices: [controller, host]
    default: controller
  beside:
    description: A container that is a node, and beside which O(checks[].from=beside) asks.
    type: dict
    suboptions:
      engine:
        description: The container engine on the machine that runs Ansible.
        type: str
        required: true
        choices: [docker, podman]
      node:
        description: The name of the node's container.
        type: str
        required: true
      destination:
        description: The network of the load balancers, such as V(172.17.255.0/24).
        type: str
        required: true
  collect:
    description:
      - Neither print nor fail.
      - Pass the RV(results) to O(earlier) of a later task, which shows and evaluates them with its own.
    type: bool
    default: false
  earlier:
    description: RV(results) of earlier tasks with O(collect=true), for the same table.
    type: list
    elements: dict
    default: []
  checks:
    description: The checks. Each has a name and exactly one kind.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: What is true if the check passes, for the table.
        type: str
        required: true
      group:
        description: Heading of the check in the table. Checks of one group must be next to each other.
        type: str
        default: ""
      from:
        description:
          - From where to ask, for O(checks[].http), O(checks[].dns), O(checks[].ping) and O(checks[].command), and what
            the table then says. Without it, O(from) decides.
          - V(controller) is the machine that runs Ansible.
          - V(host) is the task's host. It needs C(curl), C(bash) and C(ping).
          - V(beside) is a short-lived container of the image of a node, in its network. It is a client from outside,
            for which MetalLB answers ARP. It takes O(beside).
        type: str
        choices: [controller, host, beside]
      http:
        description: Send GET requests. Redirects are followed, proxies of the environment are ignored.
        type: dict
        suboptions:
          url:
            description: The URL.
            type: str
            required: true
          headers:
            description: Headers of the request.
            type: dict
            default: {}
          status:
            description: The accepted status codes.
            type: list
            elements: int
            default: [200]
          matches:
            description: Regular expression that the body must match. Its last group, or else the match, is shown.
            type: str
            default: ""
          count:
            description: How many requests to send. All answers must be as wanted.
            type: int
            default: 1
          shares:
            description: How many of the O(checks[].http.count) answers must match.
            type: list
            elements: dict
            default: []
            suboptions:
              matches:
                description: Regular expression for status and body.
                type: str
                required: true
              at_least:
                description: The smallest number of answers.
                type: int
                default: 0
              at_most:
                description: The largest number of answers.
                type: int
                required: true
          timeout:
            description: Seconds to wait for each answer.
            type: float
            default: 5.0
          address:
            description:
              - Where to connect to, whatever the name in O(checks[].http.url) leads to. Only for requests that the
                machine that runs Ansible does not send.
            type: str
            default: ""
      dns:
        description: Query a name server.
        type: dict
        suboptions:
          server:
            description: Its address.
            type: str
            required: true
          name:
            description: The name to query.
            type: str
            required: true
          type:
            description: The type of record.
            type: str
            default: A
          transport:
            description: The transport protocol.
            type: str
            choices: [udp, tcp]
            default: udp
          port:
            description: Its port.
            type: int
            default: 53
          answers:
            description: All expected answers, in any order. Empty accepts any.
            type: list
            elements: str
            default: []
          at_least:
            description: The minimum number of answers if O(checks[].dns.answers) is empty.
            type: int
            default: 1
          timeout:
            description: Seconds to wait for the answer.
            type: float
            default: 3.0
      tcp:
        description: Open a connection.
        type: dict
        suboptions:
          host:
            description: Name or address.
            type: str
            required: true
          port:
            description: The port.
            type: int
            required: true
          timeout:
            description: Seconds to wait.
            type: float
            default: 3.0
      udp:
        description: Send a datagram and wait for a reply.
        type: dict
        suboptions:
          host:
            description: Name or address.
            type: str
            required: true
          port:
            description: The port.
            type: int
            required: true
          send:
            description: What to send.
            type: str
            default: ""
          matches:
            description: Regular expression that the reply must match.
            type: str
            default: ""
          timeout:
            description: Seconds to wait.
            type: float
            default: 3.0
      ping:
        description: Send an ICMP echo request. Needs root, or a group of C(net.ipv4.ping_group_range).
        type: dict
        suboptions:
          address:
            description: The address.
            type: str
            required: true
          timeout:
            description: Seconds to wait for the reply.
            type: float
            default: 2.0
      command:
        description: Run a command on the task's host. It must not change anything.
        type: dict
        suboptions:
          argv:
            description: The command and its arguments.
            type: list
            elements: str
            required: true
          rc:
            description: The accepted exit codes.
            type: list
            elements: int
            default: [0]
          matches:
            description: Regular expressions that the output must match, in multi-line mode.
            type: list
            elements: str
            default: []
          not_matches:
            description: Regular expressions that the output must not match.
            type: list
            elements: str
            default: []
          show:
            description: Regular expression for the part of the output to show.
            type: str
            default: ""
          borrow:
            description:
              - Whether the program comes from the container of kube-proxy on the task's host, or, if that does not
                have it, from the host itself. If neither has it, the check could not be made.
            type: bool
            default: false
      leftovers:
        description:
          - Check that a mode of kube-proxy has left nothing on the task's host, as M(kuber.network.node_iptables) sees
            it. What belongs to other programs does not count. If something cannot be read, the check could
            not be made.
        type: dict
        suboptions:
          view:
            description:
              - What to look for. V(ipv4) and V(ipv6) are chains of iptables, V(tables) those of nftables.
            type: str
            choices: [ipv4, ipv6, device, virtual_servers, sets, tables]
            required: true
          mode:
            description: The mode that kube-proxy runs in.
            type: str
            choices: [iptables, ipvs, nftables]
            required: true
          of:
            description: The mode that must have left nothing.
            type: str
            choices: [iptables, ipvs, nftables]
            required: true
      live:
        description: Read from the API server.
        type: dict
        suboptions:
          path:
            description: Path of an object or a list, as for C(kubectl get --raw).
            type: str
            required: true
          query:
            description: JMESPath query. Without O(checks[].live.equals) its result must be true, or not empty.
            type: str
            required: true
          equals:
            description: The expected result.
            type: raw
          show:
            description: JMESPath query for what to show instead of the result.
            type: str
            default: ""
          unknown_if_nothing:
            description:
              - Why the check could not be made if the query yields nothing until the time is up. Without it, that is a
                failure.
            type: str
            default: ""
      ipvs:
        description: Compare the state of IPVS on the task's host with the services of the cluster.
        type: dict
        suboptions:
          view:
            description:
              - V(virtual_servers) reads C(/proc/net/ip_vs). Each port of each service must have
                a virtual server on each of its addresses, with exactly the ready pods behind it.
              - V(bound_addresses) reads C(ip address). C(kube-ipvs0) must have each address of a service.
              - V(address_sets) reads C(ipset save), with the program of kube-proxy's container. The sets
                KUBE-CLUSTER-IP, KUBE-LOAD-BALANCER and KUBE-LOOP-BACK must contain each port of each service and each
                pod of this node.
            type: str
            choices: [virtual_servers, bound_addresses, address_sets]
            required: true
          node:
            description: The node name of the task's host.
            type: str
            required: true
          scheduler:
            description: The scheduler of the virtual servers.
            type: str
            default: rr
requirements:
  - dnspython (for O(checks[].dns))
  - jmespath (for O(checks[].live))
  - kubernetes and urllib3 (for O(checks[].live) and O(checks[].ipvs))
seealso:
  - module: kuber.network.preflight
"""

EXAMPLES = r"""
- name: Check that the ingress answers
  kuber.network.checks:
    timeout: 30
    checks:
      - name: The ingress answers unknown paths
        http:
          url: http://172.17.255.3/
          status: [404]
          matches: nginx
      - name: Requests with the header reach the next version
        http:
          url: http://example.app.org/test-webapp
          headers:
            mtest: "true"
          matches: ^v2$
          count: 100
      - name: CoreDNS answers over TCP
        dns:
          server: 172.17.255.2
          name: web-svc-lb.default.svc.cluster.local
          transport: tcp

- name: Check that a node has no rules of another mode
  kuber.network.checks:
    checks:
      - name: No chains of the iptables mode are left
        command:
          argv: [iptables-save]
          not_matches: ["^:(KUBE-SVC-[A-Z0-9]+)"]
"""

RETURN = r"""
results:
  description: One for each check, those of O(earlier) first.
  returned: after all checks, also if some of them failed
  type: list
  elements: dict
  contains:
    name:
      description: Name of the check.
      type: str
    group:
      description: Its heading.
      type: str
    asked:
      description: The query, as a command that does about the same.
      type: str
    wanted:
      description: What makes it pass.
      type: str
    found:
      description: What was found last.
      type: str
    ok:
      description: Whether it passed.
      type: bool
    unknown:
      description: Whether it could not be made. Then it has not passed, but does not fail the task.
      type: bool
    source:
      description: From where it was asked, if O(checks[].from) said so.
      type: str
  sample:
    - name: CoreDNS answers over TCP
      group: Load balancer
      asked: dig +tcp @172.17.255.2 web-svc-lb.default.svc.cluster.local A
      wanted: an answer
      found: 10.103.226.132
      ok: true
      unknown: false
      source: ""
"""
