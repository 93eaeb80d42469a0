/** Milliseconds on a clock that all processes of this machine share, and that nobody sets. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Milliseconds of processor time of this process so far. */
export function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
