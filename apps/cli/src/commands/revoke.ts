import { formatScope, scopeFromText, type RemainingAccess } from '@ambit/contracts';
import { printable } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import { dryRunMode, guarded, tellDryRun, writeOptions } from '../dry-run.ts';
import type { ExitCode } from '../exit-codes.ts';
import { betweenText } from '../output/access-words.ts';
import { printObjects } from '../output/print-effect.ts';
import { relativeTime } from '../output/relative-time.ts';
import { shellWords } from '../shell-words.ts';
import { parseSubject, subjectText } from '../subject-text.ts';
import { waitForClusters, waitTime } from '../wait-for-clusters.ts';

interface RevokeOptions {
  readonly dryRun?: string;
  readonly confirmRemovals?: string;
  readonly wait?: string;
}

/** `ambit revoke`. */
export async function revoke(
  context: CommandContext,
  args: readonly string[],
  options: RevokeOptions,
): Promise<ExitCode> {
  const [subjectArgument = '', role, scopeArgument] = args;
  const mode = dryRunMode(options.dryRun, ['none', 'server']);
  const waitMs = waitTime(options.wait);
  const subject = parseSubject(subjectArgument);
  const scope = scopeArgument === undefined ? undefined : formatScope(scopeFromText(scopeArgument));
  const client = await context.client();
  const body = {
    subject,
    ...(role === undefined ? {} : { role }),
    ...(scope === undefined ? {} : { scope }),
    ...writeOptions(mode, options.confirmRemovals),
  };
  const command = shellWords(['ambit', 'revoke', ...args]);
  const result = await guarded(
    () => client.api.revokeAccess({ body, signal: context.signal }),
    command,
  );
  const effect = { ...result, kind: 'ApplyResult' as const };
  if (result.dryRun) {
    const code = tellDryRun(context, effect, command);
    tellRemaining(context, subjectText(subject), result.remaining);
    return code;
  }
  if (!result.changed) context.say(`${subjectText(subject)} has no direct grant that fits`);
  printObjects(context, result);
  const code = await waitForClusters(context, client, effect, { waitMs });
  tellRemaining(context, subjectText(subject), result.remaining);
  return code;
}

function tellRemaining(
  context: CommandContext,
  subject: string,
  remaining: readonly RemainingAccess[],
): void {
  if (remaining.length === 0) return;
  context.say(`${subject} still has:`);
  for (const { grant, role, scope, until, nextCommand, ...path } of remaining) {
    const between = betweenText(path);
    const through =
      between === '' ? `grant/${grant}, which reaches further` : `${between} (grant/${grant})`;
    const end = until === undefined ? '' : `, ends ${relativeTime(until, context.now())}`;
    context.say(`  ${printable(`${role} in ${scope} through ${through}${end}`)}`);
    context.say(`    to end it: ${printable(nextCommand)}`);
  }
}
