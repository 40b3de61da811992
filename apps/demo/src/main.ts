import {
  addSettings,
  configExitCode,
  endOnLostOutput,
  loadSettings,
  printableError,
  processEnvironment,
} from '@ambit/config';
import { AppError, isAppError, printableLines } from '@ambit/kernel';
import { Command } from 'commander';
import { demoSettings } from './demo-settings.ts';
import { tellStory } from './tell-story.ts';
import { StoryPrinter } from './terminal/story-printer.ts';

const interruptedExitCode = 130;

/** Runs the demo with the arguments of this process and sets its exit code. */
export async function main(): Promise<void> {
  const command = new Command('ambit-demo')
    .description(
      'Ambit, shown end to end: two clusters, two agents, central, and a story of 90 seconds.',
    )
    .allowExcessArguments(false)
    .showHelpAfterError('(ambit-demo --help names every option)');
  addSettings(command, demoSettings);
  command.action(async (flags: Record<string, unknown>) => {
    process.exitCode = await run(flags);
  });
  await command.parseAsync();
}

async function run(flags: Record<string, unknown>): Promise<number> {
  const environment = processEnvironment();
  const color = !environment['NO_COLOR'];
  const printer = new StoryPrinter(process.stdout, { color });
  const interrupt = new AbortController();
  const stop = (): void => interrupt.abort();
  let stopped = interruptedExitCode;
  // Clusters and programs are stopped first: nothing is left running that nobody sees.
  endOnLostOutput(process).goOn((sentence) => {
    process.stderr.write(`error: ${sentence}\n`);
    stopped = 1;
    stop();
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  try {
    const { settings } = await loadSettings(demoSettings, { flags, env: environment });
    await tellStory({ settings, environment, printer, signal: interrupt.signal });
    return 0;
  } catch (error) {
    if (interrupt.signal.aborted) return stopped;
    process.stderr.write(`\nerror: ${describe(error)}\n`);
    return isAppError(error, 'config_invalid') ? configExitCode : 1;
  }
}

/** The last lines of a program that ended stand in a message one behind the other: each is shown as an item. */
function withItems(error: AppError): AppError {
  const [message = '', ...lines] = error.message.split('\n');
  const errors = [...lines.map((line) => ({ message: line })), ...(error.extras.errors ?? [])];
  return new AppError(error.code, message, { ...error.extras, errors });
}

// What nobody foresaw is shown as it is: the reader of a demo is the one who can do something about it.
function describe(error: unknown): string {
  if (isAppError(error)) return printableError(withItems(error));
  if (!(error instanceof Error)) return printableError(error);
  return printableLines(error.stack ?? error.message);
}
