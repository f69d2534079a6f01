-- Copyright (c) 2026, the kuber.network authors
-- GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
-- SPDX-License-Identifier: GPL-3.0-or-later

-- own minimal stand-in for resty.roundrobin: smooth weighted round robin over {id = weight}
local _M = {}
local mt = { __index = _M }

function _M.new(_, nodes)
  local self = setmetatable({}, mt)
  self:reinit(nodes)
  return self
end

function _M.reinit(self, nodes)
  self.nodes, self.current = {}, {}
  for id, weight in pairs(nodes) do
    self.nodes[id], self.current[id] = weight, 0
  end
  -- every worker starts somewhere else
  for _ = 1, math.random(0, 16) do self:find() end
end

function _M.find(self)
  local total, best = 0, nil
  local cur = self.current
  for id, weight in pairs(self.nodes) do
    cur[id] = cur[id] + weight
    total = total + weight
    if best == nil or cur[id] > cur[best] then best = id end
  end
  if best ~= nil then cur[best] = cur[best] - total end
  return best
end

return _M
