import type { AmbitClient } from '@ambit/client';
import type { Environment } from '@ambit/config';
import type { ExitCode } from './exit-codes.ts';
import type { GlobalOptions } from './global-options.ts';
import type { Terminal } from './output/screen.ts';

/** What a command works with. */
export interface CommandContext {
  readonly env: Environment;
  readonly terminal: Terminal;
  readonly globals: GlobalOptions;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** True when a person can be asked. */
  readonly interactive: boolean;
  /** Central by flags, environment and profile. Throws `AppError` when not signed in. */
  readonly client: () => Promise<AmbitClient>;
  /** A line for people on stderr; nothing with `--quiet`. */
  readonly say: (line: string) => void;
}

/** A command: its arguments and options in, the exit code out. Throws `AppError`. */
export type Command<O> = (
  context: CommandContext,
  args: readonly string[],
  options: O,
) => Promise<ExitCode>;

/** Makes an action of a command that is loaded only when it runs. */
export type Action = <O>(
  load: () => Promise<Command<O>>,
) => (...values: unknown[]) => Promise<void>;
