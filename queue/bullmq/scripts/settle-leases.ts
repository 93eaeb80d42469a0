import { PRELUDE_WHEN_FULL, REPORT, WAIT } from './parts.js';

/**
 * What holders of leases say.
 * ARGV for each: what ('started', 'ended' or 'released'), class, id, token, worker, report (or '').
 * Reply for each: 1, or 0 if the lease is not held.
 */
export const SETTLE_LEASES = `${PRELUDE_WHEN_FULL}${WAIT}${REPORT}
local over, ended, tokens, replies = {}, {}, {}, {}
for at = 1, #ARGV, 6 do
  local what, class, id, token, worker = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  local key = keyOf(class, id)
  local isHeld = false
  if not over[key] then
    local lease = call('HMGET', key, 'token', 'pb', 'rt')
    isHeld = lease[1] == token and lease[2] == worker
    if isHeld and ARGV[at + 5] ~= '' then report(lease[3], ARGV[at + 5]) end
  end
  if isHeld and what == 'started' then
    call('HSET', key, 'started', 1)
  elseif isHeld then
    over[key] = true
    tokens[worker] = tokens[worker] or {}
    table.insert(tokens[worker], token)
    if what == 'released' then
      putBack(class, id)
    else
      call('LREM', ACTIVE[class], -1, id)
      ended[#ended + 1] = key
    end
  end
  replies[#replies + 1] = isHeld and 1 or 0
end
for worker, ofWorker in pairs(tokens) do
  inSlices(ofWorker, function(...) call('HDEL', own('leases:' .. worker), ...) end)
end
inSlices(ended, function(...) call('DEL', ...) end)
finishWaiting()
sendReports()
return replies
`;
