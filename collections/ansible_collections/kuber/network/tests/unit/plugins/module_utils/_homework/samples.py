# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Folders of learners for tests: those in shapes.yml, and variants of them.

Run as a program, it writes folders for a cluster and prints the verdicts that they must get as JSON:

    samples.py DIRECTORY                     every shape, every folder that is wrong in one row, every variant
    samples.py DIRECTORY PATTERN...          only those whose names match a pattern, such as 'shape-01*'
"""

from __future__ import annotations

import dataclasses
import fnmatch
import json
import pathlib
import re
import sys
import typing as t

import yaml

HERE = pathlib.Path(__file__).parent
PARTS = yaml.safe_load((HERE / "parts.yml").read_text())
SHAPES = yaml.safe_load((HERE / "shapes.yml").read_text())
OWN_TEXT = dict(re.findall(r"^=== (\S+)\n(.*?)(?=^===|\Z)", (HERE / "own_text.txt").read_text(), re.M | re.S))

# A name, a port, a host or a path of the homework, and what a learner may have instead.
RENAMED = {
    r"\bapp: web$": "tier: site",
    r"\bname: web$": "name: site",
    r"\bweb-svc-cip\b": "inside",
    r"\bweb-svc-lb\b": "outside",
    r"\bweb-svc$": "every-pod",
    r"\bport: 80$": "port: 8080",
    r"\bnumber: 80$": "number: 8080",
    r"/web$": "/site",
    r"example\.app\.org": "site.test",
    r"homework\.otus": "site.test",
    r"\bmtest\b": "x-next",
    r"\b(name|namespace): homework$": r"\1: mine",
    r"/test-webapp": "/version",
}
# The program of the homework listens on 8000, whatever a manifest says: not for a cluster.
OTHER_PORTS = {r"\b8000\b": "8081", r"\b5678\b": "9090"}

GONE = "apiVersion: policy/v1beta1\nkind: PodSecurityPolicy\nmetadata:\n  name: a\n"
# One edit for each row: in the folder that it leaves, exactly this row is wrong.
WRONG = {
    "0": ("apiVersion: metallb.io/v1beta1\nkind: IPAddressPool", f"{GONE}---\n{{}}"),
    "1": ("replicas: 3", "replicas: 2"),
    "2": ("tcpSocket: { port: 8000 }", "httpGet: { port: 8000 }"),
    "3": ("tcpSocket: { port: 8000 }", "exec: { command: [sh, -c, ps aux | grep web] }"),
    "4": ("maxSurge: 100%", "maxSurge: 0%"),
    "5": ("name: web-svc-cip\nspec:\n  selector:\n    app: web", "name: web-svc-cip\nspec:\n  selector:\n    app: wbe"),
    "10": ("172.17.255.1-172.17.255.255", "172.17.255.1-172.17.255.100"),
    "11": ("name: web-svc-lb\nspec:\n  selector:\n    app: web", "name: web-svc-lb\nspec:\n  selector:\n    app: wbe"),
    "13": ("protocol: UDP", "protocol: TCP"),
    "15": ("name: web-svc\n            port", "name: web-service\n            port"),
}
EVERYTHING = (
    "strategy cluster_service load_balancer headless pool advertisement dns controller_service ingress current canary"
)
WHOLE = dict.fromkeys(("0", "1", "2", "4", "5", "10", "11", "13", "14", "15", "18"), "passed")


@dataclasses.dataclass(frozen=True)
class Sample:
    """A folder, the status of each of its rows as the folder alone decides it, and as a cluster decides it."""

    name: str
    files: dict[str, str]
    verdicts: dict[str, str]
    on_cluster: dict[str, str]


def joined(names: t.Iterable[str]) -> str:
    return "---\n".join(PARTS[name] for name in names)


def texts(shape: dict[str, t.Any]) -> dict[str, str]:
    """Return the files of a shape."""
    files = OWN_TEXT if shape["files"] == "own_text" else shape["files"]
    found = {name: text if isinstance(text, str) else joined(text) for name, text in files.items()}
    for before, after in shape.get("replace", {}).items():
        assert any(before in text for text in found.values()), f"nothing to replace: {before}"
        found = {name: text.replace(before, after) for name, text in found.items()}
    return found


def shapes() -> list[Sample]:
    found = []
    for number, shape in enumerate(SHAPES):
        verdicts = {str(row): status for row, status in shape["verdicts"].items()}
        on_cluster = verdicts | {str(row): status for row, status in shape.get("on_cluster", {}).items()}
        title = re.sub(r"\W+", "-", shape["shape"]).strip("-")
        found.append(Sample(f"shape-{number:02}-{title}", texts(shape), verdicts, on_cluster))
    return found


def wrong() -> list[Sample]:
    found = []
    for row, (before, after) in WRONG.items():
        text = joined(EVERYTHING.split())
        assert text.count(before) == 1
        verdicts = WHOLE | {row: "failed"}
        files = {"all.yml": text.replace(before, after.replace("{}", before))}
        found.append(Sample(f"wrong-{row}", files, verdicts, verdicts))
    return found


def in_one_file(sample: Sample) -> Sample:
    text = "---\n".join(text for name, text in sample.files.items() if "kustom" not in name)
    return dataclasses.replace(sample, name=f"{sample.name}-merged", files={"all.yml": text})


def split(sample: Sample) -> Sample:
    """Return the folder with a file for each object, those of a file in the opposite order."""
    files = {
        f"{place:02}-{part}.yaml": document
        for place, (name, text) in enumerate(sample.files.items())
        for part, document in enumerate(reversed(text.removeprefix("---\n").split("---\n")))
        if "kustom" not in name
    }
    return dataclasses.replace(sample, name=f"{sample.name}-split", files=files)


def renamed(sample: Sample, rules: t.Mapping[str, str]) -> Sample:
    files = sample.files
    for before, after in rules.items():
        files = {name: re.sub(before, after, text, flags=re.MULTILINE) for name, text in files.items()}
    return dataclasses.replace(sample, name=f"{sample.name}-renamed", files=files)


def in_a_namespace(sample: Sample) -> Sample:
    files = {
        name: text if is_broken(text) else yaml.safe_dump_all(map(_in_namespace, yaml.safe_load_all(text)))
        for name, text in sample.files.items()
    }
    return dataclasses.replace(sample, name=f"{sample.name}-namespace", files=files)


def is_broken(text: str) -> bool:
    try:
        list(yaml.safe_load_all(text))
    except yaml.YAMLError:
        return True
    return False


def _in_namespace(body: dict[str, t.Any]) -> dict[str, t.Any]:
    if body.get("metadata") and body["kind"] != "Namespace":
        body["metadata"].setdefault("namespace", "learner")
    return body


def write(directory: pathlib.Path, files: t.Mapping[str, str]) -> None:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def main(directory: str, *patterns: str) -> None:
    whole = Sample("whole", {"all.yml": joined(EVERYTHING.split())}, WHOLE, WHOLE)
    variants = [whole, in_one_file(shapes()[1]), split(whole), renamed(whole, RENAMED), in_a_namespace(whole)]
    chosen = [
        sample
        for sample in [*shapes(), *wrong(), *variants]
        if not patterns or any(fnmatch.fnmatch(sample.name, pattern) for pattern in patterns)
    ]
    for sample in chosen:
        write(pathlib.Path(directory) / sample.name, sample.files)
    print(json.dumps({sample.name: sample.on_cluster for sample in chosen}))


if __name__ == "__main__":
    main(*sys.argv[1:])
