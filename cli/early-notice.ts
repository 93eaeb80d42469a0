/**
 * Listens to SIGUSR1 before anything else is loaded: until somebody does, Node opens its debugger's port on it. A notice
 * that comes in those first moments is kept for who listens later.
 */
let noticed = false;
const note = (): void => {
  noticed = true;
};
process.on('SIGUSR1', note);

/** Whether a notice came so far; from now on somebody else listens. */
export function takeEarlyNotice(): boolean {
  process.off('SIGUSR1', note);
  return noticed;
}
