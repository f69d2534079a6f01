# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The style sheets of a trace: for the picture, which may be shown alone, and for the page around it."""

from __future__ import annotations

PICTURE = """
.trace { font-family: system-ui,sans-serif; }
.trace .paper { fill: var(--paper); }
.trace .zone { fill: var(--zone); stroke: var(--edge); }
.trace .zonename { fill: var(--dim); font-size: 13px; font-weight: 600; }
.trace .card { fill: var(--card); stroke: var(--edge); stroke-width: 1.2; }
.trace .stripe { fill: var(--go); }
.trace .pod .card { fill: var(--okfill); }
.trace .pod .stripe { fill: var(--ok); }
.trace .kind { fill: var(--go); font-size: 11px; font-weight: 700; letter-spacing: .6px; }
.trace .pod .kind { fill: var(--ok); }
.trace .name { fill: var(--ink); font-size: 13.5px; font-weight: 650; }
.trace .fact { fill: var(--ink); font: 12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace; }
.trace .fact .label { fill: var(--dim); }
.trace .mark { fill: none; stroke: var(--ok); stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
.trace .broken .card { fill: var(--badfill); stroke: var(--bad); stroke-width: 2; }
.trace .broken .stripe { fill: var(--bad); }
.trace .broken .kind { fill: var(--bad); }
.trace .broken .mark { stroke: var(--bad); }
.trace .note { fill: var(--bad); font-size: 12.5px; }
.trace .note.remedy { fill: var(--ink); }
.trace .idle .stripe, .trace .unknown .stripe, .trace .beyond .stripe { fill: var(--line); }
.trace .idle .kind, .trace .unknown .kind, .trace .beyond .kind { fill: var(--dim); }
.trace .idle .mark, .trace .unknown .mark { stroke: var(--line); }
.trace .beyond { opacity: .62; }
.trace .idle .card { stroke-dasharray: 4 3; }
.trace .link { fill: none; stroke: var(--go); stroke-width: 2; }
.trace .link.off { stroke: var(--line); stroke-dasharray: 4 4; }
.trace .tip { fill: var(--go); }
.trace .tip.off { fill: var(--line); }
.trace .pill { fill: var(--go); }
.trace .pod .pill { fill: var(--ok); }
.trace .pill.off, .trace .beyond .pill { fill: none; stroke: var(--line); }
.trace .share { fill: var(--card); font-size: 11.5px; font-weight: 700; text-anchor: middle; }
.trace .share.off, .trace .beyond .share { fill: var(--dim); }
"""

PAGE = """
:root { color-scheme: light dark; }
* { box-sizing: border-box; }
body {
  margin: 0; padding: 28px clamp(12px, 3vw, 40px) 48px; background: var(--desk); color: var(--ink); font:
  16px/1.5 system-ui, sans-serif;
}
main { max-width: 1440px; margin: 0 auto; }
h1 { font-size: 15px; margin: 0; color: var(--dim); font-weight: 600; }
.target {
  font: 600 clamp(18px, 2.4vw, 27px)/1.3 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; margin: 2px 0
  16px; overflow-wrap: anywhere;
}
.verdict {
  border-left: 5px solid var(--ok); background: var(--okfill); border-radius: 6px; padding: 12px 18px; margin: 0 0
  20px;
}
.verdict.broken { border-color: var(--bad); background: var(--badfill); }
.verdict strong { color: var(--ok); }
.verdict.broken strong { color: var(--bad); }
.verdict.unknown { border-color: var(--dim); background: var(--paper); }
.verdict.unknown strong { color: var(--ink); }
.verdict p { margin: 4px 0 0; }
figure {
  margin: 0 0 28px; overflow-x: auto; background: var(--paper); border: 1px solid var(--edge); border-radius:
  12px;
}
figure svg { display: block; width: 100%; min-width: 860px; height: auto; margin: 0 auto; }
h2 { font-size: 17px; margin: 0 0 10px; }
ol { list-style: none; margin: 0; padding: 0; }
ol ol { margin-left: 14px; padding-left: 18px; border-left: 2px solid var(--edge); }
ol.row { margin-left: 0; padding-left: 0; border: 0; }
.hop {
  background: var(--paper); border: 1px solid var(--edge); border-radius: 8px; padding: 10px 16px; margin: 0 0
  8px;
}
.hop.broken { border-color: var(--bad); background: var(--badfill); }
.hop.idle { border-style: dashed; }
.hop header { display: flex; gap: 10px; align-items: baseline; flex-wrap: wrap; overflow-wrap: anywhere; }
.kind { color: var(--go); font-weight: 700; font-size: 12px; letter-spacing: .05em; text-transform: uppercase; }
.broken .kind { color: var(--bad); }
.share { margin-left: auto; color: var(--dim); font-size: 14px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 1px 14px; margin: 6px 0 0; font-size: 14px; }
dt { color: var(--dim); }
dd, code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
dd { margin: 0; font-size: 13.5px; overflow-wrap: anywhere; }
.trouble { margin: 8px 0 0; color: var(--bad); }
.idle .trouble { color: var(--dim); }
.remedy { margin: 2px 0 0; }
code {
  background: color-mix(in srgb, var(--dim) 16%, transparent); padding: 1px 5px; border-radius: 4px; font-size:
  .92em; overflow-wrap: anywhere;
}
footer { color: var(--dim); font-size: 13px; margin-top: 24px; }
@media (max-width: 640px) {
  dl { grid-template-columns: 1fr; }
  dd { margin-bottom: 4px; }
}
"""
