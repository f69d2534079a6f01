-- Copyright (c) 2026, the kuber.network authors
-- GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
-- SPDX-License-Identifier: GPL-3.0-or-later

-- own stub: resty.global_throttle is not part of this image. Loading it works; using it reports a clear error (global rate limits).
return {
  new = function() return nil, "resty.global_throttle is not available in this image: global rate limits do not work" end,
}
