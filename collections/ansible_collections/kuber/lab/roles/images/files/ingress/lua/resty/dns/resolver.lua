-- Copyright (c) 2026, the kuber.network authors
-- GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
-- SPDX-License-Identifier: GPL-3.0-or-later

-- own stub: resty.dns.resolver is not part of this image. Loading it works; using it reports a clear error (Services of type ExternalName).
return { TYPE_A = 1, TYPE_AAAA = 28,
  new = function() return nil, "resty.dns.resolver is not available in this image: Services of type ExternalName do not work" end,
}
