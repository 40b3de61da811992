import type { Environment } from '@ambit/config';
import type { Terminal } from './terminal.ts';

/** What a command line runs in. */
export interface CommandLineHost {
  readonly env: Environment;
  readonly terminal: Terminal;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly now: () => number;
}
