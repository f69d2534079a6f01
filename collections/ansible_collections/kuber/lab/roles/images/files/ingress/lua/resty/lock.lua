-- Copyright (c) 2026, the kuber.network authors
-- GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
-- SPDX-License-Identifier: GPL-3.0-or-later

-- own minimal stand-in for resty.lock (new, lock, unlock) on a shared dictionary
local _M = {}
local mt = { __index = _M }

function _M.new(_, dict_name, opts)
  local dict = ngx.shared[dict_name]
  if not dict then return nil, "dictionary not found" end
  opts = opts or {}
  return setmetatable({ dict = dict, timeout = opts.timeout or 5, exptime = opts.exptime or 30 }, mt)
end

function _M.lock(self, key)
  if self.key then return nil, "locked" end
  local waited, step = 0, 0.001
  while true do
    local ok, err = self.dict:add(key, true, self.exptime)
    if ok then self.key = key; return waited end
    if err ~= "exists" then return nil, err end
    if waited >= self.timeout then return nil, "timeout" end
    step = math.min(step * 2, 0.5, self.timeout - waited)
    ngx.sleep(step)
    waited = waited + step
  end
end

function _M.unlock(self)
  local key = self.key
  if not key then return nil, "unlocked" end
  self.key = nil
  return self.dict:delete(key) and 1 or nil
end

return _M
