# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Render reports as JUnit XML, one test suite for each folder."""

from __future__ import annotations

import re
import typing as t
from xml.etree import ElementTree

from ansible_collections.kuber.network.plugins.module_utils._homework.model import Status

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterable, Mapping

    Data = Mapping[str, t.Any]

# What could not be checked is an error, what is not part is skipped.
KINDS = {Status.FAILED: "failure", Status.NOT_CHECKED: "error", Status.NOT_PART: "skipped"}
# XML 1.0 has no notation for these.
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def one(report: Data) -> str:
    """Return the report on one folder, as ``report.dump`` has it."""
    return _text(_suite(report))


def many(name: str, reports: Iterable[Data]) -> str:
    """Return the reports on the folders of a class."""
    root = ElementTree.Element("testsuites", name=_xml(name))
    root.extend(_suite(report) for report in reports)
    return _text(root)


def _suite(report: Data) -> ElementTree.Element:
    statuses = [Status(row["status"]) for row in report["rows"]]
    suite = ElementTree.Element(
        "testsuite",
        name=_xml(report["folder"]),
        tests=str(len(statuses)),
        failures=str(statuses.count(Status.FAILED)),
        errors=str(statuses.count(Status.NOT_CHECKED)),
        skipped=str(statuses.count(Status.NOT_PART)),
    )
    group = _xml(".".join(filter(None, ("homework", report["edition"]))))
    for row, status in zip(report["rows"], statuses, strict=True):
        name = _xml(f"{row['number']} {row['title']}")
        case = ElementTree.SubElement(suite, "testcase", classname=group, name=name)
        if status in KINDS:
            text = _xml("\n".join(_reasons(row)))
            message = text.partition("\n")[0] or row["word"]
            ElementTree.SubElement(case, KINDS[status], message=message).text = text
    return suite


def _reasons(row: Data) -> Iterable[str]:
    for reason in row["reasons"]:
        yield reason["problem"]
        if reason["remedy"]:
            yield f"→ {reason['remedy']}"


def _text(root: ElementTree.Element) -> str:
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _xml(text: str) -> str:
    return _NOT_IN_XML.sub("�", text)
