-- Copyright (c) 2026, the kuber.network authors
-- GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
-- SPDX-License-Identifier: GPL-3.0-or-later

-- own stub: resty.http is not part of this image (only enable-ocsp uses it)
local _M = {}
function _M.new() return setmetatable({}, { __index = _M }) end
function _M.set_timeout() end
_M.set_timeouts = _M.set_timeout
function _M.parse_uri() return nil, "resty.http is not available in this image: enable-ocsp does not work" end
_M.request_uri = _M.parse_uri
return _M
