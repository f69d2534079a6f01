# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""How an ingress controller reads Ingress objects, as data: classes, annotations, paths.

The upgrade uses the row of the objects' controller; a migration to another controller can use it as well.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

_DOCS = "https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration"
SNIPPETS = f"{_DOCS}/configmap/#allow-snippet-annotations"


@dataclasses.dataclass(frozen=True)
class Refused:
    """An annotation that the controller's admission webhook refuses by default, and its replacement."""

    instead: str
    link: str = SNIPPETS


@dataclasses.dataclass(frozen=True)
class Renamed:
    """An annotation that the controller no longer reads; ``values`` maps its values to the new ones."""

    name: str
    values: t.Mapping[str, str]
    link: str


@dataclasses.dataclass(frozen=True)
class Controller:
    """One ingress controller."""

    name: str
    ingress_class: str
    prefix: str
    """Prefix of its annotations."""
    pattern: re.Pattern[str]
    """Finds paths that are regular expressions, which require the pathType ImplementationSpecific."""
    pattern_link: str
    pattern_switches: tuple[str, ...]
    """Annotations that make the controller read paths as regular expressions."""
    refused: t.Mapping[str, Refused]
    renamed: t.Mapping[str, Renamed]


_ANOTHER = "Express it with other annotations (rewrite-target, custom-headers, auth-*, whitelist-source-range)"
NGINX = Controller(
    name="ingress-nginx",
    ingress_class="nginx",
    prefix="nginx.ingress.kubernetes.io/",
    pattern=re.compile(r"[\^$\[\](){}*+?|\\]"),
    pattern_link="https://kubernetes.github.io/ingress-nginx/faq/#validation-of-path",
    pattern_switches=("use-regex", "rewrite-target"),
    refused={
        "configuration-snippet": Refused(_ANOTHER),
        "server-snippet": Refused(_ANOTHER),
        "stream-snippet": Refused("Use the controller's ConfigMap of TCP or UDP services"),
        "auth-snippet": Refused("Use auth-url, auth-proxy-set-headers and the other auth-* annotations"),
        "modsecurity-snippet": Refused("Set modsecurity-snippet in the controller's ConfigMap"),
    },
    renamed={
        "secure-backends": Renamed("backend-protocol", {"true": "HTTPS"}, f"{_DOCS}/annotations/#backend-protocol"),
        "grpc-backend": Renamed("backend-protocol", {"true": "GRPC"}, f"{_DOCS}/annotations/#backend-protocol"),
    },
)
CONTROLLERS: t.Mapping[str, Controller] = {NGINX.ingress_class: NGINX}
