-- Copyright (c) 2026, the kuber.network authors
-- GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
-- SPDX-License-Identifier: GPL-3.0-or-later

-- own minimal stand-in for resty.chash: ketama-like ring, 160 points for each unit of weight.
-- Same interface (new, reinit, find, next); NOT the same key -> node mapping as the original.
-- crc32 alone spreads short, similar strings badly
local function crc32(s) return ngx.crc32_long(ngx.md5(s)) end
local POINTS = 160
local _M = {}
local mt = { __index = _M }

function _M.new(_, nodes)
  local self = setmetatable({}, mt)
  self:reinit(nodes)
  return self
end

function _M.reinit(self, nodes)
  self.nodes, self.ring = {}, {}
  for id, weight in pairs(nodes) do
    self.nodes[id] = weight
    for i = 1, POINTS * weight do
      self.ring[#self.ring + 1] = { crc32(id .. "\0" .. i), id }
    end
  end
  table.sort(self.ring, function(a, b)
    return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2])
  end)
end

function _M.find(self, key)
  local ring = self.ring
  if #ring == 0 then return nil end
  local h = crc32(tostring(key))
  local lo, hi = 1, #ring + 1
  while lo < hi do
    local mid = math.floor((lo + hi) / 2)
    if ring[mid][1] < h then lo = mid + 1 else hi = mid end
  end
  if lo > #ring then lo = 1 end
  return ring[lo][2], lo
end

function _M.next(self, index)
  local i = index % #self.ring + 1
  return self.ring[i][2], i
end

return _M
