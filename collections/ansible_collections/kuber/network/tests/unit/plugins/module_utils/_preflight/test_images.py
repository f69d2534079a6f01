# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nodes with other processors than the images are made for."""

from __future__ import annotations

import pytest

from ansible_collections.kuber.network.plugins.module_utils._preflight.images import repository, without

HOMEWORK = "austinsky/example-go-httpd-alpine:v0.0.1"
SETTINGS = {"web_app_image": HOMEWORK, "canary_image": HOMEWORK, "web_app_init_image": "busybox:1.31.0"}


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("busybox", "busybox"),
        ("busybox:1.31.0", "busybox"),
        (f"docker.io/{HOMEWORK}", "austinsky/example-go-httpd-alpine"),
        (f"{HOMEWORK}@sha256:{'0' * 64}", "austinsky/example-go-httpd-alpine"),
        ("localhost:5000/team/app", "localhost:5000/team/app"),
        ("localhost:5000/team/app:v1", "localhost:5000/team/app"),
    ],
)
def test_an_image_is_known_by_its_repository(image: str, name: str) -> None:
    assert repository(image) == name


def test_each_image_is_named_once_with_the_settings_that_replace_it() -> None:
    (said,) = without(SETTINGS, {"minikube": "arm64", "minikube-m02": "arm64"})
    assert "minikube, minikube-m02 is arm64" in said
    assert "Set web_app_image and canary_image to an image for arm64" in said


@pytest.mark.parametrize(
    ("settings", "architectures"),
    [
        (SETTINGS, {"minikube": "amd64"}),
        (SETTINGS, {}),
        # An image of the user's own may be made for anything.
        ({"web_app_image": "mirror.example.org/example-go-httpd-alpine:v0.0.1"}, {"minikube": "arm64"}),
    ],
)
def test_what_is_not_known_to_fail_is_not_spoken_of(settings: dict[str, str], architectures: dict[str, str]) -> None:
    assert list(without(settings, architectures)) == []


def test_of_mixed_nodes_only_the_others_are_named() -> None:
    (said,) = without({"web_app_image": HOMEWORK}, {"big": "amd64", "raspberry": "arm64"})
    assert "raspberry is arm64" in said
    assert "big" not in said
