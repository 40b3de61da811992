import { endOnLostOutput, processEnvironment } from '@ambit/config';
import { runCommandLine } from './command-line.ts';
import { processTerminal } from './terminal.ts';

/** Runs the command line of this process and leaves its exit code behind. */
export async function main(): Promise<void> {
  const env = processEnvironment();
  const interrupt = new AbortController();
  process.on('SIGINT', () => {
    // The second one ends at once: whatever hangs gets no third chance.
    if (interrupt.signal.aborted) process.exit(130);
    interrupt.abort();
  });
  // `ambit get users | head -1` is no failure; a full disk is one.
  endOnLostOutput(process);
  process.exitCode = await runCommandLine(process.argv.slice(2), {
    env,
    terminal: processTerminal(env),
    signal: interrupt.signal,
    now: Date.now,
  });
}
