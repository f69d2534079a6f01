-- Copyright (c) 2026, the kuber.network authors
-- GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
-- SPDX-License-Identifier: GPL-3.0-or-later

-- own minimal stand-in for resty.cookie (new, get, set)
local _M = {}
local mt = { __index = _M }

function _M.new()
  return setmetatable({}, mt)
end

function _M.get(_, name)
  local header = ngx.var.http_cookie
  if not header then return nil, "no cookie found in the current request" end
  for pair in header:gmatch("[^;]+") do
    local k, v = pair:match("^%s*(.-)%s*=%s*(.-)%s*$")
    if k == name then
      return (v:gsub('^"(.*)"$', "%1"))
    end
  end
  return nil
end

function _M.set(_, c)
  if not c.key or not c.value then return nil, 'missing field "key" or "value"' end
  local s = c.key .. "=" .. c.value
  if c.expires then s = s .. "; Expires=" .. c.expires end
  if c.max_age then s = s .. "; Max-Age=" .. c.max_age end
  if c.domain then s = s .. "; Domain=" .. c.domain end
  if c.path then s = s .. "; Path=" .. c.path end
  if c.secure then s = s .. "; Secure" end
  if c.httponly then s = s .. "; HttpOnly" end
  if c.samesite then s = s .. "; SameSite=" .. c.samesite end
  if c.partitioned then s = s .. "; Partitioned" end
  local old = ngx.header["Set-Cookie"]
  if old == nil then
    ngx.header["Set-Cookie"] = s
  else
    if type(old) ~= "table" then old = { old } end
    old[#old + 1] = s
    ngx.header["Set-Cookie"] = old
  end
  return true
end

return _M
