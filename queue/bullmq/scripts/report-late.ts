import { PRELUDE_WHEN_FULL, REPORT } from './parts.js';

/** Reports that nobody reads any more are dropped beyond so many: what they name is found in the store again. */
const LATE_REPORTS_MAX = 10_000;

/**
 * The holder of a lease that is lost or detached has ended.
 * ARGV: token, job id, producer of the lease, report ('' where there is none).
 * The report goes to whoever the job reports to now, else to whom it did then, else to any producer that is there.
 */
export const REPORT_LATE = `${PRELUDE_WHEN_FULL}${REPORT}
local token, id, producer, text = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
call('HDEL', own('detached'), token)
if text == '' then return 0 end
for _, class in ipairs(CLASSES) do
  producer = call('HGET', keyOf(class, id), 'rt') or producer
end
if call('EXISTS', own('alive:' .. producer)) == 1 then
  report(producer, text)
  sendReports()
else
  call('RPUSH', own('late'), text)
  call('LTRIM', own('late'), -${LATE_REPORTS_MAX}, -1)
end
return 1
`;
