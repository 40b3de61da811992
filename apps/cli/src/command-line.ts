import { isAppError, toAppError, type AppError } from '@ambit/kernel';
import { CommanderError } from 'commander';
import type { CommandLineHost } from './command-line-host.ts';
import { errorLines } from './error-text.ts';
import { exitCodeOf, exitCodes, type ExitCode } from './exit-codes.ts';
import { screenOf } from './output/screen.ts';
import { buildProgram } from './program.ts';
import { usageError } from './usage-error.ts';

/** Runs one command line and gives its exit code. It never throws: every failure becomes text on stderr. */
export async function runCommandLine(
  argv: readonly string[],
  host: CommandLineHost,
): Promise<ExitCode> {
  const outcome: { code: ExitCode } = { code: exitCodes.done };
  const program = buildProgram(host, outcome);
  try {
    await program.parseAsync(['node', 'ambit', ...argv]);
    return host.signal.aborted ? exitCodes.interrupted : outcome.code;
  } catch (error) {
    if (host.signal.aborted) return exitCodes.interrupted;
    const meant = program.commands.find((command) => argv.includes(command.name()))?.name();
    return report(error, host, { colour: program.opts()['color'] !== false, meant });
  }
}

function report(
  error: unknown,
  host: CommandLineHost,
  { colour, meant }: { readonly colour: boolean; readonly meant: string | undefined },
): ExitCode {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCodes.done;
    // The help of a command that needs a subcommand is all there is to say.
    if (error.code === 'commander.help') return exitCodes.usage;
    return tell(usageError(error, meant), host, colour);
  }
  const code = tell(toAppError(error), host, colour);
  const { err } = screenOf(host.terminal, { colour });
  if ((host.env['AMBIT_DEBUG'] ?? '') !== '') err.write(causes(error));
  else if (!isAppError(error)) err.line('  hint: AMBIT_DEBUG=1 shows the details');
  return code;
}

function tell(error: AppError, { terminal }: CommandLineHost, colour: boolean): ExitCode {
  const { err } = screenOf(terminal, { colour });
  for (const line of errorLines(error)) err.line(...line);
  return exitCodeOf(error);
}

function causes(error: unknown): string {
  let text = '';
  for (let each = error; each instanceof Error; each = each.cause) {
    text += `${each.stack ?? each.message}\n`;
  }
  return text;
}
