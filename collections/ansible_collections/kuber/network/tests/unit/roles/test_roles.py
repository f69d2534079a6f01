# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a role documents, what its defaults are, and what the project's inventory has must not disagree."""

from __future__ import annotations

import contextlib
import functools
import json
import pathlib
import re
import typing as t

import jinja2
import pytest
import yaml
from ansible.plugins.filter.core import to_bool

from ansible_collections.kuber.network.plugins.filter.to_gateway import to_gateway

ROLES = pathlib.Path(__file__).resolve().parents[3] / "roles"
NAMES = sorted(role.name for role in ROLES.iterdir())
SETTINGS = ROLES.parents[4] / "inventory" / "group_vars" / "all"
# Long ones, which their descriptions tell in words.
BY_WORDS = {"web_app_init_command"}


@functools.cache
def load(path: pathlib.Path) -> t.Any:
    return yaml.safe_load(path.read_text())


def own_defaults(role: str) -> dict[str, t.Any]:
    paths = [*(ROLES / role).glob("defaults/main.yml"), *(ROLES / role).glob("defaults/main/*.yml")]
    return {name: value for path in paths for name, value in (load(path) or {}).items()}


def defaults(role: str) -> dict[str, t.Any]:
    """What a task of the role sees: all roles depend on the one that holds the shared settings."""
    return own_defaults("common") | own_defaults(role)


def options(role: str) -> dict[str, dict[str, t.Any]]:
    specs = load(ROLES / role / "meta" / "argument_specs.yml")["argument_specs"]
    return {name: option for spec in specs.values() for name, option in spec["options"].items()}


def is_computed(value: object) -> bool:
    return "{{" in json.dumps(value)


@pytest.mark.parametrize("role", NAMES)
def test_every_default_is_documented(role: str) -> None:
    documented = {name for name in NAMES for name in options(name)} if role == "common" else set(options(role))
    assert {name for name in own_defaults(role) if not name.startswith("_")} <= documented


@pytest.mark.parametrize("role", NAMES)
def test_documented_defaults_are_the_real_ones(role: str) -> None:
    real = defaults(role)
    documented = {name: option["default"] for name, option in options(role).items() if "default" in option}
    texts = {name for name in documented if options(role)[name].get("type") == "str"}
    assert documented == {name: str(real[name]) if name in texts else real[name] for name in documented}


@pytest.mark.parametrize("role", NAMES)
def test_every_default_is_in_the_documentation_unless_it_is_computed(role: str) -> None:
    real = {name: value for name, value in defaults(role).items() if name in options(role)}
    missing = {name for name, value in real.items() if "default" not in options(role)[name] and not is_computed(value)}
    assert missing <= BY_WORDS


@pytest.mark.parametrize("role", sorted(set(NAMES) - {"common"}))
def test_every_role_has_the_shared_settings(role: str) -> None:
    assert load(ROLES / role / "meta" / "main.yml")["dependencies"] == [{"role": "kuber.network.common"}]


def test_an_option_of_several_roles_has_one_type_and_one_default() -> None:
    found: dict[str, list[t.Any]] = {}
    for role in NAMES:
        for name, option in options(role).items():
            found.setdefault(name, []).append({key: part for key, part in option.items() if key != "description"})
    assert [name for name, texts in found.items() if any(text != texts[0] for text in texts)] == []


def used(role: str) -> set[str]:
    """The names of variables in the tasks, templates and variables of a role."""
    parts = ("tasks", "templates", "vars")
    return {
        name
        for part in parts
        for path in (ROLES / role / part).rglob("*")
        if path.is_file()
        for name in re.findall(r"(?<![\w.'\"])[a-z]\w+", path.read_text())
    }


@pytest.mark.parametrize("role", sorted(set(NAMES) - {"common"}))
def test_every_shared_variable_that_a_role_uses_is_documented_there(role: str) -> None:
    shared = {name for name in own_defaults("common") if not name.startswith(("_", "kuber_"))}
    assert (used(role) & shared) - set(options(role)) - set(options("common")) == set()


@pytest.mark.skipif(not SETTINGS.exists(), reason="the collection is not in the project's tree")
def test_the_inventory_of_the_project_has_no_settings_of_its_own() -> None:
    assert (SETTINGS / "defaults").resolve() == ROLES / "common" / "defaults" / "main"
    assert [load(path) for path in SETTINGS.glob("*.yml")] == [None]


@pytest.mark.parametrize("role", NAMES)
def test_every_entry_point_is_described(role: str) -> None:
    """What antsibull-docs wants in order to render a page."""
    for spec in load(ROLES / role / "meta" / "argument_specs.yml")["argument_specs"].values():
        assert spec["short_description"]
        assert spec["description"]
        assert all(option["description"] for option in spec["options"].values())


@pytest.mark.parametrize("role", NAMES)
def test_every_role_has_a_page_with_an_example_that_sets_known_options(role: str) -> None:
    page = (ROLES / role / "README.md").read_text()
    assert f"ansible-doc -t role kuber.network.{role}" in page
    for example in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL):
        ((play,),) = [yaml.safe_load(example)]
        given = {name for entry in play.get("roles", []) for name in entry.get("vars", {})}
        assert given <= set(options(role))


CANARY = "nginx.ingress.kubernetes.io/canary"


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({}, {"-by-header": "mtest", "-by-header-value": "true", "-weight": "0"}),
        ({"canary_header_value": ""}, {"-by-header": "mtest", "-weight": "0"}),
        ({"canary_header": "", "canary_weight": 20}, {"-weight": "20"}),
        ({"canary_header": "", "canary_cookie": "next"}, {"-by-cookie": "next", "-weight": "0"}),
        (
            {"canary_cookie": "next", "canary_weight": 5},
            {"-by-header": "mtest", "-by-header-value": "true", "-by-cookie": "next", "-weight": "5"},
        ),
    ],
)
def test_next_version_is_chosen_by_what_is_set(choice: dict[str, t.Any], expected: dict[str, str]) -> None:
    current, following = rendered("canary", "ingress.yml.j2", choice)
    assert criteria(current) == {}
    assert criteria(following) == {CANARY: "true"} | {CANARY + key: value for key, value in expected.items()}


def test_both_versions_have_one_path_or_the_controller_would_drop_the_next() -> None:
    current, following = (route(ingress) for ingress in rendered("canary", "ingress.yml.j2", {"canary_path": "/x"}))
    assert current["paths"][0].pop("backend") != following["paths"][0].pop("backend")
    assert current == following


@pytest.mark.parametrize(
    ("strip", "path", "path_type"),
    [
        (False, "/dashboard", "Prefix"),
        # As it comes from -e dashboard_strip_path=false.
        ("false", "/dashboard", "Prefix"),
        (True, "/dashboard(/|$)(.*)", "ImplementationSpecific"),
    ],
)
def test_path_of_the_dashboard_is_a_regular_expression_only_to_be_stripped(
    strip: object, path: str, path_type: str
) -> None:
    (ingress,) = rendered("dashboard", "ingress.yml.j2", {"dashboard_strip_path": strip})
    (only,) = route(ingress)["paths"]
    assert (only["path"], only["pathType"]) == (path, path_type)
    assert bool(ingress["metadata"].get("annotations")) is (strip is True)


@pytest.mark.parametrize("role", ["web_app", "canary"])
@pytest.mark.parametrize(
    ("controller", "suffix", "path_type"),
    [("nginx", "", "Prefix"), ("traefik", "(/|$)(.*)", "ImplementationSpecific")],
)
def test_the_path_takes_all_that_traefik_is_to_rewrite(role: str, controller: str, suffix: str, path_type: str) -> None:
    """What the path leaves, Traefik puts after the target: /web/index.html would become //index.html."""
    made = rendered(role, "ingress.yml.j2", {"ingress_controller": controller, f"{role}_path": "/x"})
    paths = [path for ingress in made for rule in ingress["spec"]["rules"] for path in rule["http"]["paths"]]
    assert {(path["path"], path["pathType"]) for path in paths} == {(f"/x{suffix}", path_type)}


@pytest.mark.parametrize(("host", "hosts"), [("", [None]), ("example.app.org", [None, "example.app.org"])])
def test_the_application_is_found_by_address_and_under_its_name(host: str, hosts: list[str | None]) -> None:
    (ingress,) = rendered("web_app", "ingress.yml.j2", {"web_app_host": host})
    rules = ingress["spec"]["rules"]
    assert [rule.get("host") for rule in rules] == hosts
    assert all(rule["http"] == rules[0]["http"] for rule in rules)


def test_dns_services_may_share_their_address() -> None:
    tcp, udp = rendered("metallb", "dns.yml.j2", {})
    assert [service["spec"].pop("ports")[0]["protocol"] for service in (tcp, udp)] == ["TCP", "UDP"]
    assert tcp["metadata"]["annotations"] == udp["metadata"]["annotations"]
    assert tcp["spec"] == udp["spec"]


def rendered(role: str, template: str, choice: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    environment = jinja2.Environment(trim_blocks=True, undefined=jinja2.StrictUndefined)
    environment.filters |= {"to_json": json.dumps, "bool": to_bool}
    text = environment.from_string((ROLES / role / "templates" / template).read_text())
    return [one for one in yaml.safe_load_all(text.render(settled(environment, defaults(role) | choice))) if one]


def settled(environment: jinja2.Environment, values: dict[str, t.Any]) -> dict[str, t.Any]:
    """With the values of other settings in place of their names, where it takes nothing of Ansible's."""
    result = dict(values)
    for name, value in values.items():
        if isinstance(value, str) and is_computed(value):
            with contextlib.suppress(jinja2.UndefinedError, jinja2.TemplateAssertionError):
                result[name] = environment.from_string(value).render(values)
    return result


def criteria(ingress: dict[str, t.Any]) -> dict[str, str]:
    return {key: value for key, value in ingress["metadata"]["annotations"].items() if key.startswith(CANARY)}


def route(ingress: dict[str, t.Any]) -> dict[str, t.Any]:
    (rule,) = ingress["spec"]["rules"]
    return t.cast("dict[str, t.Any]", rule["http"])


@pytest.mark.parametrize(("given", "wanted"), [(True, True), ("false", False), ("yes", True)])
def test_truth_values_from_the_command_line_reach_the_pool_as_such(given: object, wanted: bool) -> None:
    pool, _advertisement = rendered("metallb", "pool.yml.j2", {"metallb_avoid_buggy_ips": given})
    assert pool["spec"]["avoidBuggyIPs"] is wanted


@pytest.mark.parametrize(
    ("choice", "headers", "weights"),
    [
        ({}, ["mtest true"], [None]),
        ({"canary_header_value": ""}, ["mtest always", "mtest never"], [None]),
        ({"canary_header": "", "canary_weight": 20}, [], [80, 20]),
        (
            {"canary_header": "", "canary_cookie": "next"},
            [r"Cookie (^|;\s*)next=always(;|$)", r"Cookie (^|;\s*)next=never(;|$)"],
            [None],
        ),
    ],
)
def test_every_setting_of_the_canary_has_an_equal_in_gateway_api(
    choice: dict[str, t.Any], headers: list[str], weights: list[int | None]
) -> None:
    bodies = rendered("canary", "ingress.yml.j2", choice)
    _gateway, route = to_gateway(bodies, complete=True)["objects"]
    *first, last = route["spec"]["rules"]
    assert [f"{match['name']} {match['value']}" for rule in first for match in rule["matches"][0]["headers"]] == headers
    assert [one.get("weight") for one in last["backendRefs"]] == weights
    assert last["matches"] == [{"path": {"type": "PathPrefix", "value": "/test-webapp"}}]


@pytest.mark.parametrize("strips", [True, False])
def test_the_dashboard_has_an_equal_in_gateway_api(strips: bool) -> None:
    bodies = rendered("dashboard", "ingress.yml.j2", {"dashboard_strip_path": strips})
    _gateway, route = to_gateway(bodies, complete=True)["objects"]
    (rule,) = route["spec"]["rules"]
    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": "/dashboard"}}]
    assert ("filters" in rule) is strips


def test_numbers_for_header_and_cookie_reach_the_ingress_as_texts() -> None:
    choice = {"canary_header": 7, "canary_header_value": 1, "canary_cookie": 8}
    _current, following = rendered("canary", "ingress.yml.j2", choice)
    assert all(isinstance(value, str) for value in following["metadata"]["annotations"].values())


NUMBERS_AND_TRUTHS = {
    name: option["type"]
    for role in NAMES
    for name, option in options(role).items()
    if option.get("type") in ("bool", "int", "float")
}
TEMPLATES = sorted(path.relative_to(ROLES) for path in ROLES.glob("*/templates/*.j2"))
CONVERTED = re.compile(r"\s*\|\s*(?:bool|int|float)\b")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
@pytest.mark.parametrize(("truth", "word", "number"), [(True, "yes", 7), (False, "false", 0)])
def test_texts_from_the_command_line_make_the_same_manifests(
    template: pathlib.Path, truth: bool, word: str, number: int
) -> None:
    """-e makes a text of every number and truth value."""
    role, name = template.parts[0], template.name
    native = {option: truth if kind == "bool" else number for option, kind in NUMBERS_AND_TRUTHS.items()}
    texts = {option: word if kind == "bool" else str(number) for option, kind in NUMBERS_AND_TRUTHS.items()}
    assert rendered(role, name, texts) == rendered(role, name, native)


def expressions(value: object, key: str = "") -> t.Iterator[str]:
    """What Ansible computes in a file of tasks or variables."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from expressions(part, name)
    elif isinstance(value, list):
        for part in value:
            yield from expressions(part, key)
    elif isinstance(value, str):
        if "{{" in value:
            yield value
        if key in ("when", "failed_when", "changed_when", "until"):
            yield f"{{{{ {value} }}}}"


@pytest.mark.parametrize("role", [*NAMES, "playbooks"])
def test_what_is_computed_does_not_take_texts_for_truth_values_or_numbers(role: str) -> None:
    """What is handed on as it is goes to a module, whose options have types."""
    home = ROLES / role if role in NAMES else ROLES.parent / role
    wrong = []
    for path in [*home.rglob("*.yml")]:
        for text in expressions(load(path)) if "meta" not in path.parts else ():
            for inside in re.findall(r"\{\{(.*?)\}\}", text, re.DOTALL):
                for found in re.finditer(rf"\b(?:{'|'.join(NUMBERS_AND_TRUTHS)})\b", inside):
                    alone = inside.strip() == found[0]
                    if not alone and not CONVERTED.match(inside, found.end()):
                        wrong.append(f"{path.name}: {inside.strip()}")
    assert wrong == []
