import type { CommandContext } from '../command-context.ts';
import { shortDuration } from './relative-time.ts';

/** Whoever is answered sooner wants to read nothing of it. */
const toldAfterMs = 1_000;

/** Tells at a terminal, each second from the first on, that `what` is still under way and how long it has been. */
export async function whileWaiting<T>(
  { globals, now, terminal: { err } }: Pick<CommandContext, 'globals' | 'now' | 'terminal'>,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  if (globals.quiet === true || !err.isTerminal) return work();
  const started = now();
  let told = false;
  const timer = setInterval(() => {
    told = true;
    err.progress(`${what}  ${shortDuration(now() - started)}`);
  }, toldAfterMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    if (told) err.progress('');
  }
}
