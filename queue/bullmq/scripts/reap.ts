import { GRACE_LUA } from '../../redis/grace-script.js';
import { DETACHED, PRELUDE_WHEN_FULL, REPORT } from './parts.js';

/**
 * Looks for the dead: their leases fail, their inboxes vanish. Any number of orchestrators may do it at once.
 * Reply: the workers that were found dead.
 */
export const REAP = `${PRELUDE_WHEN_FULL}${REPORT}${DETACHED}${GRACE_LUA}
if inGrace(own('watched'), own('grace')) then return {} end

local function isDead(session) return call('EXISTS', own('alive:' .. session)) == 0 end

local function failLease(worker, token, class, id)
  local key = keyOf(class, id)
  local job = call('HMGET', key, 'token', 'rt', 'data', 'started')
  if job[1] ~= token then return end
  call('LREM', ACTIVE[class], -1, id)
  call('DEL', key)
  report(job[2], cjson.encode({
    kind = 'failed',
    jobId = id,
    workerId = worker,
    attempt = cjson.decode(job[3]).attempt,
    error = { code = 'lease-lost', message = 'worker ' .. worker .. ' died while it held job ' .. id },
    -- A field that is not there is false.
    wasStarted = job[4] ~= false,
  }))
end

local dead = {}
for _, worker in ipairs(call('SMEMBERS', own('holders'))) do
  if isDead(worker) then
    local leases = call('HGETALL', own('leases:' .. worker))
    for at = 1, #leases, 2 do
      local class, id = string.match(leases[at + 1], '^(%w+):(.*)$')
      failLease(worker, leases[at], class, id)
    end
    call('DEL', own('leases:' .. worker))
    call('SREM', own('holders'), worker)
    dead[#dead + 1] = worker
  end
end
sendReports()
eachDetached(function(token, _, worker)
  if isDead(worker) then forgetDetached(token) end
end)
-- Last, since the reports may have gone to the dead.
for _, producer in ipairs(call('SMEMBERS', own('producers'))) do
  if isDead(producer) then
    call('DEL', own('inbox:' .. producer))
    call('SREM', own('producers'), producer)
  end
end
return dead
`;
