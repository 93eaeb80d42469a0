import { PRELUDE_WHEN_FULL, REPORT, WAIT } from './parts.js';

/**
 * What holders of leases say.
 * ARGV for each: what ('started', 'ended' or 'released'), class, id, token, worker, report (or '').
 * Reply for each: 1, or 0 if the lease is not held.
 */
export const SETTLE_LEASES = `${PRELUDE_WHEN_FULL}${WAIT}${REPORT}
local replies = {}
for at = 1, #ARGV, 6 do
  local what, class, id, token, worker = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  local key = keyOf(class, id)
  local lease = call('HMGET', key, 'token', 'pb', 'rt')
  local isHeld = lease[1] == token and lease[2] == worker
  if isHeld then
    if what ~= 'started' then call('HDEL', own('leases:' .. worker), token) end
    if what == 'released' then
      putBack(class, id)
    elseif what == 'ended' then
      call('LREM', keyOf(class, 'active'), -1, id)
      call('DEL', key)
    end
    if ARGV[at + 5] ~= '' then report(lease[3], ARGV[at + 5]) end
  end
  replies[#replies + 1] = isHeld and 1 or 0
end
publishArrivals()
sendReports()
return replies
`;
