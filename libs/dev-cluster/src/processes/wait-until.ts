import { setTimeout as wait } from 'node:timers/promises';
import { AppError, type ErrorCode } from '@ambit/kernel';
import type { ManagedProcess } from './managed-process.ts';

/** A program found its port taken by somebody else since it was seen free. */
export class PortTaken extends Error {
  override readonly name = 'PortTaken';
}

export interface WaitUntil {
  /** What is awaited, to stand behind "waiting until". */
  readonly what: string;
  readonly process: ManagedProcess;
  /** Of the error when it never comes. Default: `not_ready`. */
  readonly code?: ErrorCode;
  /** What to do when the program ends. */
  readonly hint?: string;
  readonly deadline: number;
  readonly signal?: AbortSignal | undefined;
  /** True when it is so; what it throws is the state shown when time is up. */
  probe(): Promise<boolean>;
}

/**
 * Probes until it is so. Throws `PortTaken`, or an `AppError` with the last lines of the program's log
 * when it ended or time is up. `deadline` is in terms of `performance.now()`.
 */
export async function waitUntil(options: WaitUntil): Promise<void> {
  const { process, deadline, signal, probe } = options;
  let state = 'no answer yet';
  for (;;) {
    signal?.throwIfAborted();
    if (!process.alive) throw await ended(options);
    try {
      if (await probe()) return;
      state = 'not yet';
    } catch (error) {
      state = error instanceof Error ? error.message || error.name : String(error);
    }
    if (performance.now() > deadline) throw await tooLate(options, state);
    await wait(60);
  }
}

async function ended({ process, what, code, hint }: WaitUntil): Promise<Error> {
  const taken = await process.logged(/address already in use|EADDRINUSE/);
  if (taken !== undefined) return new PortTaken(process.name);
  return new AppError(
    code ?? 'not_ready',
    `${process.name} ended (${process.exit}) before ${what}. Its last lines:\n${await process.tail()}`,
    hint === undefined ? {} : { hint },
  );
}

async function tooLate({ process, what, code }: WaitUntil, state: string): Promise<Error> {
  return new AppError(
    code ?? 'not_ready',
    `Time is up before ${what} (last seen: ${state}). The last lines of ${process.name}:\n${await process.tail()}`,
    { hint: 'A loaded machine may need longer: stop other work and try again.' },
  );
}
