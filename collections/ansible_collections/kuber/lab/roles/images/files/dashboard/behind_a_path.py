# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kube-web-view below a path: its links and redirects get the prefix that the ingress strips from the requests."""

from __future__ import annotations

import os
import re
import typing as t

import kube_web.main
import kube_web.web
from aiohttp import web

BASE = os.environ["BASE_PATH"].rstrip("/")


@web.middleware
async def add_prefix(request: web.Request, handler: t.Any) -> web.StreamResponse:
    try:
        response = await handler(request)
    except web.HTTPRedirection as redirect:
        if redirect.headers.get("Location", "").startswith("/"):
            redirect.headers["Location"] = BASE + redirect.headers["Location"]
        raise
    if isinstance(response, web.Response) and response.content_type == "text/html" and response.text:
        response.text = re.sub(r'\b(href|src|action)="/(?!/)', rf'\1="{BASE}/', response.text)
    return response


def with_prefix(get_app: t.Any) -> t.Any:
    def build(*args: t.Any, **kwargs: t.Any) -> web.Application:
        app = get_app(*args, **kwargs)
        app.middlewares.insert(0, add_prefix)
        return app

    return build


kube_web.web.get_app = kube_web.main.get_app = with_prefix(kube_web.web.get_app)
kube_web.main.main()
