import { PRELUDE } from './parts.js';

/** ARGV: ids. Reply for each: 1 if it is in the queue, else 0. */
export const FIND_JOBS = `${PRELUDE}
local replies = {}
for index, id in ipairs(ARGV) do
  replies[index] = 0
  for _, class in ipairs(CLASSES) do
    if call('EXISTS', keyOf(class, id)) == 1 then replies[index] = 1 end
  end
end
return replies
`;
