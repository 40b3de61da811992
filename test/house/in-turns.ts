/** What is to be run when its turn comes. */
export interface Turn {
  /** It uses every core by itself, or judges how long things take: nothing runs beside it. */
  readonly alone: boolean;
  readonly run: () => Promise<void>;
}

/** As many of the others run side by side: most use one core, or wait. */
const places = 2;

/**
 * Runs all of them in their order, two side by side where neither has to be alone. One that throws keeps none of the others from
 * running; what the first of those threw is thrown once all have ended.
 */
export async function inTurns(turns: readonly Turn[]): Promise<void> {
  const running = new Set<Promise<void>>();
  const errors: unknown[] = [];
  const begin = ({ run }: Turn): Promise<void> => {
    const ended = run()
      .catch((error: unknown) => void errors.push(error))
      .finally(() => running.delete(ended));
    running.add(ended);
    return ended;
  };
  for (const turn of turns) {
    while (running.size > (turn.alone ? 0 : places - 1)) await Promise.race(running);
    const ended = begin(turn);
    if (turn.alone) await ended;
  }
  await Promise.all(running);
  if (errors.length > 0) throw errors[0];
}
