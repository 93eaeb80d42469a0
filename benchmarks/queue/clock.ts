/** Milliseconds on a clock that all processes of this machine share, and that nobody sets. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** The most memory that this process has had so far. */
export function ownPeakBytes(): number {
  return 1024 * process.resourceUsage().maxRSS;
}

/** Milliseconds of processor time of this process so far. */
export function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
