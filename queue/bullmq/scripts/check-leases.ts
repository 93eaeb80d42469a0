import { DETACHED, PRELUDE_WHEN_FULL } from './parts.js';

/**
 * What Redis knows of a worker's leases. Forgets those whose job an operator took away with BullMQ's tools.
 * ARGV: worker. Reply: {token, '<class>:<id>', …}, {tokens of detached leases}.
 */
export const CHECK_LEASES = `${PRELUDE_WHEN_FULL}${DETACHED}
local worker = ARGV[1]
local held, detached = {}, {}
local leases = call('HGETALL', own('leases:' .. worker))
for at = 1, #leases, 2 do
  if call('HGET', prefix .. ':' .. leases[at + 1], 'token') == leases[at] then
    held[#held + 1] = leases[at]
    held[#held + 1] = leases[at + 1]
  else
    call('HDEL', own('leases:' .. worker), leases[at])
  end
end
eachDetached(function(token, _, holder)
  if holder == worker then detached[#detached + 1] = token end
end)
return { held, detached }
`;
