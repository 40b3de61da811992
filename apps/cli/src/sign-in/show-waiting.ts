import type { Output } from '../output/screen.ts';
import { shortDuration } from '../output/relative-time.ts';

/** Says that a person is awaited, and on a terminal the time that is left. Gives what ends it. */
export function showWaiting(err: Output, forMs: number): () => void {
  const ends = Date.now() + forMs;
  const text = (): string =>
    `waiting for you in the browser … ${shortDuration(ends - Date.now())} left`;
  if (!err.isTerminal) {
    err.line(text());
    return () => undefined;
  }
  const show = (): void => err.progress(text());
  show();
  const timer = setInterval(show, 1_000);
  return () => {
    clearInterval(timer);
    err.line('');
  };
}
