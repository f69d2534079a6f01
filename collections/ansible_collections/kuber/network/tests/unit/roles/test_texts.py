# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers and truth values that a command line gives with -e are text, and must mean the same in every role."""

from __future__ import annotations

import json
import typing as t

import pytest
import yaml
from ansible.errors import AnsibleUndefinedVariable
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from ansible_collections.kuber.network.plugins.plugin_utils._sources import JINJA
from ansible_collections.kuber.network.tests.unit.roles.test_roles import (
    NAMES,
    ROLES,
    defaults,
    load,
    options,
)

# Values that differ from the defaults, as the text that -e makes of them and as what they mean.
TEXTS: dict[str, tuple[tuple[str, t.Any], ...]] = {
    "int": (("0", 0), ("2", 2)),
    "float": (("2.5", 2.5),),
    "bool": (("true", True), ("no", False)),
}
# What comes from elsewhere: the inventory, or an earlier task of the role.
AROUND = {
    "inventory_hostname": "minikube",
    "groups": {},
    "ansible_playbook_python": "/usr/bin/python3",
    "_verify_service": {"objects": [{"spec": {"clusterIP": "10.96.7.7"}}]},
    "migrate_before": "ipvs",
    "migrate_mode": "nftables",
    "migrate_problem": "",
    "hostvars": {"localhost": {"kube_proxy_result": {"mode": "ipvs"}}},
}
CASES = [
    (role, name, option["type"])
    for role in NAMES
    for name, option in options(role).items()
    if option.get("type") in TEXTS
]


def everything() -> dict[str, t.Any]:
    """All variables that the roles have defaults for, the shared ones among them."""
    return {name: value for role in NAMES for name, value in defaults(role).items()}


ALL = everything()


def trusted(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {key: trusted(one) for key, one in value.items()}
    if isinstance(value, list):
        return [trusted(one) for one in value]
    return trust_as_template(value) if isinstance(value, str) else value


def mentioning(texts: dict[str, str], name: str) -> set[str]:
    """Those that speak of a variable, or of another one that does."""
    found: set[str] = set()
    names = {name}
    while more := {key for key, text in texts.items() if any(one in text for one in names)} - found:
        found |= more
        names |= more
    return found


def own_variables(role: str) -> dict[str, t.Any]:
    path = ROLES / role / "vars" / "main.yml"
    return (load(path) if path.exists() else None) or {}


def rendered(role: str, name: str, value: t.Any) -> dict[str, t.Any]:
    """All that the role makes of a variable: objects, its own variables, and conditions."""
    own = own_variables(role)
    given = trusted(ALL | AROUND | own_variables("common") | own) | {name: value}
    templar = Templar(loader=DataLoader(), variables=given)
    concerned = mentioning({key: json.dumps(one) for key, one in own.items()}, name)
    found: dict[str, t.Any] = {key: templar.template(trusted(own[key])) for key in sorted(concerned)}
    for template in sorted((ROLES / role / "templates").glob("*.j2")):
        if name in template.read_text():
            text = templar.template(trust_as_template(template.read_text()), escape_backslashes=False, overrides=JINJA)
            found[template.name] = list(yaml.safe_load_all(text)) if isinstance(text, str) else text
    for file in sorted((ROLES / role / "tasks").glob("*.yml")):
        for task in load(file) or ():
            conditions = task.get("when", [])
            for condition in conditions if isinstance(conditions, list) else [conditions]:
                if name in str(condition):
                    key = f"{task['name']}: {condition}"
                    found[key] = templar.evaluate_conditional(trust_as_template(str(condition)))
            found |= {
                f"{task['name']}: {text}": answered(templar, text)
                for text in sorted(texts({key: part for key, part in task.items() if key not in NO_VALUES}))
                if name in text
            }
    return found


# Conditions are looked at above, and names are for people.
NO_VALUES = ("name", "when", "register", "notify")


def texts(part: t.Any) -> set[str]:
    """All texts of a task: options of its module, its variables and loops, and those of the tasks in a block."""
    if isinstance(part, dict):
        return {text for key, one in part.items() if key not in NO_VALUES for text in texts(one)}
    if isinstance(part, list):
        return {text for one in part for text in texts(one)}
    return {part} if isinstance(part, str) and "{{" in part else set()


def answered(templar: Templar, text: str) -> t.Any:
    """A value; a module has types for its options, so that a text which is one of these is what it means."""
    try:
        value = templar.template(trust_as_template(text))
    except AnsibleUndefinedVariable as exc:
        # What an earlier task has found out.
        return f"undefined: {exc.message}"
    meanings = {spelled: meant for pairs in TEXTS.values() for spelled, meant in pairs}
    return meanings.get(value, value) if isinstance(value, str) else value


# Checks are options of a module, which has types for them; the comparison is that of the module's own types.
def comparable(role: str, found: dict[str, t.Any]) -> str:
    text = json.dumps(found, sort_keys=True, default=str)
    if role != "verify":
        return text
    for spelled, meant in (pair for pairs in TEXTS.values() for pair in pairs):
        text = text.replace(f'"{spelled}"', json.dumps(meant))
    return text


@pytest.mark.parametrize(("role", "name", "kind"), CASES, ids=[f"{role}-{name}" for role, name, _kind in CASES])
def test_text_means_what_it_says(role: str, name: str, kind: str) -> None:
    for text, meant in TEXTS[kind]:
        assert comparable(role, rendered(role, name, text)) == comparable(role, rendered(role, name, meant))


def test_there_are_enough_to_be_sure_that_they_were_found() -> None:
    assert len(CASES) >= 20
    assert {kind for _role, _name, kind in CASES} == {"int", "float", "bool"}
    assert "replicas: 2" in yaml.dump(rendered("web_app", "web_app_replicas", 2))
