# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two changes to the nginx.conf template of ingress-nginx, for Debian's nginx.

1. Debian's modules are dynamic: load them.
2. Debian has no Lua for the stream module: the stream block is written only when a TCP or UDP service asks for it.
   Without it, a server on its port reads and forgets the list of such services that the controller sends at every
   start, empty or not; unanswered, it would never configure any backend.
"""

from __future__ import annotations

import pathlib
import re
import sys

MODULES = ("ndk_http", "ngx_http_lua", "ngx_http_headers_more_filter", "ngx_http_set_misc", "ngx_http_subs_filter")
STREAM_WANTED = "or $all.TCPBackends $all.UDPBackends"
SINK = f"""{{{{ if not ({STREAM_WANTED}) }}}}
    server {{
        listen 127.0.0.1:{{{{ .StreamPort }}}};
        server_name _;
        access_log off;
        keepalive_timeout 0;
        lingering_close always;
    }}
{{{{ end }}}}
}}

"""


def adapt(text: str) -> str:
    load = "".join(f"load_module /usr/lib/nginx/modules/{name}_module.so;\n" for name in MODULES)
    text, loaded = re.subn(r"(?m)^pid \{\{ \.PID \}\};\n", lambda match: match[0] + load, text)
    text, cut = re.subn(
        r"(?ms)^\}\n\n(stream \{\n.*?^\}\n)",
        lambda match: f"{SINK}{{{{ if {STREAM_WANTED} }}}}\n{match[1]}{{{{ end }}}}\n",
        text,
    )
    if (loaded, cut) != (1, 1):
        sys.exit(f"the template changed: {loaded} places for load_module, {cut} stream blocks, 1 of each expected")
    return text


if __name__ == "__main__":
    template = pathlib.Path(sys.argv[1])
    template.write_text(adapt(template.read_text()))
