import { PRELUDE } from './parts.js';

/** ARGV: ids. Reply for each: 1 if it is in the queue, else 0. */
export const FIND_JOBS = `${PRELUDE}
local replies = {}
for index, id in ipairs(ARGV) do
  replies[index] = call('EXISTS', unpack(keysOf(id)))
end
return replies
`;
