import type { CommandContext } from '../command-context.ts';
import { shortDuration } from './relative-time.ts';
import type { Output } from './screen.ts';

/** Whoever is answered sooner wants to read nothing of it. */
const toldAfterMs = 1_000;
/** In a log one line says it, and only when it begins to look stuck. */
const loggedAfterMs = 5_000;
/** Screens on which a wait is told already: the outermost says what it is for. */
const busy = new WeakSet<Output>();

/**
 * Tells that `what` is still under way: at a terminal each second from the first on, with how long it has been; elsewhere
 * once, after five seconds. Of waits within one another the outermost is told.
 */
export async function whileWaiting<T>(
  { globals, now, terminal: { err } }: Pick<CommandContext, 'globals' | 'now' | 'terminal'>,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  if (globals.quiet === true || busy.has(err)) return work();
  busy.add(err);
  const stop = err.isTerminal ? tellEachSecond(err, what, now) : tellOnce(err, what);
  try {
    return await work();
  } finally {
    stop();
    busy.delete(err);
  }
}

function tellEachSecond(err: Output, what: string, now: () => number): () => void {
  const started = now();
  let told = false;
  const timer = setInterval(() => {
    told = true;
    err.progress(`${what}  ${shortDuration(now() - started)}`);
  }, toldAfterMs);
  return () => {
    clearInterval(timer);
    if (told) err.progress('');
  };
}

function tellOnce(err: Output, what: string): () => void {
  const timer = setTimeout(() => err.line(`still ${what}`), loggedAfterMs);
  return () => clearTimeout(timer);
}
