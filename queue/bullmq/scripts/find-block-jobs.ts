import { PRELUDE } from './parts.js';

/** Jobs that one script looks at. */
const PAGE = 500;

/**
 * One page of a class's jobs: which of them were queued for a block.
 * ARGV: the block as it stands in a job's data (`"blockId":"…"`), class, 'waiting' or 'leased', cursor ('0' at first).
 * Reply: {next cursor ('0' when this was the last page), ids}.
 */
export const FIND_BLOCK_JOBS = `${PRELUDE}
local block, class, where, cursor = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local ids = {}

local function look(id)
  local data = call('HGET', keyOf(class, id), 'data')
  if data and string.find(data, block, 1, true) then ids[#ids + 1] = id end
end

if where == 'waiting' then
  local page = call('ZSCAN', PRIORITIZED[class], cursor, 'COUNT', ${PAGE})
  for at = 1, #page[2], 2 do look(page[2][at]) end
  return { page[1], ids }
end
local first = tonumber(cursor)
local page = call('LRANGE', ACTIVE[class], first, first + ${PAGE - 1})
for _, id in ipairs(page) do look(id) end
return { #page == ${PAGE} and tostring(first + #page) or '0', ids }
`;
