# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the modules that read a learner's folder."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  src:
    description: The folder, or one file, as in O(kuber.network.upgraded_manifests#module:src).
    type: path
    required: true
  edition:
    description:
      - The edition of the homework. V(classic) has the rows 0 to 18, V(2024) the rows 0 and n1 to n6.
      - With V(auto), the one that the folder follows.
    type: str
    choices: [auto, classic, "2024"]
    default: auto
  allow:
    description:
      - What is accepted although it could harm the cluster, by the words that the error of
        M(kuber.network.homework_info) names. These are V(capabilities), V(cluster_rights), V(external_addresses),
        V(host_namespaces), V(host_path), V(host_port), V(kinds), V(privileged), V(replicas) and V(system_objects).
    type: list
    elements: str
    default: []
  language:
    description: The language of what is written for the learner. Texts of checks and diagnoses stay English.
    type: str
    choices: [en, ru]
    default: en
  pulled:
    description:
      - The Pod RV(kuber.network.homework_info#module:puller) as the cluster has it. Images that it could not pull are
        named in the notes.
    type: dict
    default: {}
  stand_in:
    description:
      - For clusters without a way to the internet, an image with a shell and httpd, such as C(busybox:1.31.0). It
        answers in the place of images that O(pulled) says cannot be pulled, with the same pages on the same port, and
        it makes the pages that init containers download.
    type: str
    default: ""
"""
