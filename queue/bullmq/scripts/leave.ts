import { DETACHED, PRELUDE_WHEN_FULL, WAIT } from './parts.js';

/** A worker ends: what it holds waits again. ARGV: worker. */
export const LEAVE = `${PRELUDE_WHEN_FULL}${WAIT}${DETACHED}
local worker = ARGV[1]
local leases = call('HGETALL', own('leases:' .. worker))
for at = 1, #leases, 2 do
  local class, id = string.match(leases[at + 1], '^(%w+):(.*)$')
  if call('HGET', keyOf(class, id), 'token') == leases[at] then putBack(class, id) end
end
call('DEL', own('leases:' .. worker))
call('SREM', own('holders'), worker)
eachDetached(function(token, _, holder)
  if holder == worker then forgetDetached(token) end
end)
finishWaiting()
return 1
`;
