import { DETACHED, PRELUDE_WHEN_FULL } from './parts.js';

/**
 * Takes jobs out of the queue, waiting or leased.
 * ARGV: 'remove' or 'detach', then ids.
 * Reply: tokens of the leases whose holders must stop; all workers are told of them too.
 */
export const REMOVE_JOBS = `${PRELUDE_WHEN_FULL}${DETACHED}
local isDetach = ARGV[1] == 'detach'
local ended = {}

local function takeOut(class, id)
  local key = keyOf(class, id)
  local job = call('HMGET', key, 'place', 'token', 'pb', 'line')
  if not job[1] then return end
  local token, worker = job[2], job[3]
  if token then
    call('LREM', ACTIVE[class], -1, id)
    call('HDEL', own('leases:' .. worker), token)
    if isDetach then
      call('HSET', own('detached'), token, id .. ' ' .. worker)
    else
      ended[#ended + 1] = token
    end
  else
    call('ZREM', job[4], job[1])
    call('ZREM', PRIORITIZED[class], id)
  end
  call('DEL', key)
end

local isRemoved = {}
for at = 2, #ARGV do
  isRemoved[ARGV[at]] = true
  for _, class in ipairs(CLASSES) do takeOut(class, ARGV[at]) end
end
if not isDetach then
  -- Those who go on with what was detached stop now.
  eachDetached(function(token, id)
    if not isRemoved[id] then return end
    forgetDetached(token)
    ended[#ended + 1] = token
  end)
end
if #ended > 0 then call('PUBLISH', own('aborted'), table.concat(ended, ' ')) end
return ended
`;
