import type { Environment } from '@ambit/config';
import type { RawTerminal } from './terminal.ts';

/** What a command line runs in. */
export interface CommandLineHost {
  readonly env: Environment;
  readonly terminal: RawTerminal;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly now: () => number;
}
