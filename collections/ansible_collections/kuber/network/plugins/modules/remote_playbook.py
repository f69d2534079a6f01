# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: remote_playbook
short_description: Run a playbook of this collection on another machine, with that machine's own Ansible
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Copies this collection to the machine and installs ansible-core and the libraries there, in a virtual environment of
    their own, unless a run before has done so.
  - Starts the playbook there, for the minikube of the machine, follows it to its end, and says meanwhile which task is
    running.
  - The run belongs to the machine. It goes on when the connection is lost or Ansible is interrupted here, and a second
    one is refused until it has ended.
  - In check mode the playbook runs with C(--check) there. The installation is made in check mode, too, as nothing could
    be checked without it.
  - The machine needs Python 3.11 or newer with C(venv), and C(tar), C(flock) and C(setsid), as every distribution of
    Linux has them.
  - The password for C(become), if there is one, is passed on for the playbook there.
extends_documentation_fragment:
  - kuber.network.attributes
attributes:
  diff_mode:
    support: none
options:
  playbook:
    description: Which playbook of the collection.
    type: str
    choices: [site, teardown, verify]
    default: site
  arguments:
    description: More arguments for C(ansible-playbook) on the machine.
    type: list
    elements: str
    default: []
  settings:
    description: Settings of the roles, for this machine.
    type: dict
    default: {}
  directory:
    description: Where everything is kept on the machine. A relative path is one of the user's home directory.
    type: str
    default: .local/share/kuber.network
  python:
    description: The Python on the machine that the virtual environment is made with.
    type: str
    default: python3
  packages:
    description: What pip installs beside the libraries of the collection. It must bring ansible-core.
    type: list
    elements: str
    required: true
  pip_arguments:
    description: Arguments for C(pip install), such as those for a package index of your own.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds after which the run is stopped.
    type: float
    default: 3600
  interval:
    description: Seconds between two lines that say which task is running.
    type: int
    default: 30
seealso:
  - module: kuber.network.machines_report
    description: Shows what came of the runs on all machines.
"""

EXAMPLES = r"""
- name: Set up the network of the machine's own minikube
  kuber.network.remote_playbook:
    playbook: site
    packages: ["ansible-core>=2.19"]
    settings:
      web_app_replicas: 2
"""

RETURN = r"""
verdict:
  description: V(ok), V(changed), V(drifted) in check mode, V(failed) or V(unreachable).
  returned: always
  type: str
  sample: drifted
drift:
  description: What was changed on the machine, or in check mode would be.
  returned: always
  type: list
  elements: dict
  contains:
    thing:
      description: What is not as it should be.
      type: str
      sample: Deployment/default/web
    action:
      description: What a run does about it.
      type: str
      sample: configured
    fields:
      description: The fields that differ, with who has set them and when.
      type: list
      elements: dict
    removed:
      description: Removed lines.
      type: list
      elements: str
    added:
      description: Added lines.
      type: list
      elements: str
installed:
  description: Whether Ansible, its libraries and the collection were installed by this task.
  returned: when the run has ended
  type: bool
exit_code:
  description: That of C(ansible-playbook) on the machine. None when it was killed.
  returned: when the run has ended
  type: int
seconds:
  description: How long the run took.
  returned: when the run has ended
  type: float
  sample: 94.2
report:
  description: The run as the callback P(kuber.network.run_status#callback) has written it.
  returned: when the run has ended
  type: dict
log:
  description: The last of what the run printed.
  returned: when the run has ended
  type: list
  elements: str
"""
