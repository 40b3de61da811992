import { formatScope, grantScopeFromText, RoleName } from '@ambit/contracts';
import { AppError, isAppError } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import { dryRunMode, tellDryRun, writeOptions } from '../dry-run.ts';
import type { ExitCode } from '../exit-codes.ts';
import { grantName } from '../grant-name.ts';
import { printObjects } from '../output/print-effect.ts';
import { parseHours } from '../parse-hours.ts';
import { parseDuration, parseEnd } from '../parse-time.ts';
import { parseSubject } from '../subject-text.ts';
import { waitForClusters, waitTime } from '../wait-for-clusters.ts';

interface GrantOptions {
  readonly until?: string;
  readonly for?: string;
  readonly hours?: string;
  readonly reason?: string;
  readonly dryRun?: string;
  readonly wait?: string;
}

/** `ambit grant`. */
export async function grant(
  context: CommandContext,
  [subjectArgument = '', role = '', scopeArgument = '']: readonly string[],
  options: GrantOptions,
): Promise<ExitCode> {
  const mode = dryRunMode(options.dryRun, ['none', 'server']);
  const waitMs = waitTime(options.wait);
  const subject = parseSubject(subjectArgument);
  if (!RoleName.safeParse(role).success) throw new AppError('usage', `"${role}" is not a role`);
  const scope = grantScopeFromText(scopeArgument);
  const until = endOf(options, context.now());
  const hours = options.hours === undefined ? undefined : parseHours(options.hours);
  const name = grantName(subject, role, formatScope(scope));
  const client = await context.client();
  const object = {
    apiVersion: 'ambit.dev/v1' as const,
    kind: 'Grant' as const,
    metadata: { name },
    spec: {
      subjects: [subject],
      role,
      scope,
      ...(until === undefined ? {} : { until: until.toISOString() }),
      ...(hours === undefined ? {} : { when: { hours } }),
      ...(options.reason === undefined ? {} : { reason: options.reason }),
    },
  };
  const body = { objects: [object], ...writeOptions(mode, undefined) };
  const result = await client.api
    .apply({ body, signal: context.signal })
    .catch((error: unknown) => {
      throw missingName(error) ?? error;
    });
  if (result.dryRun) return tellDryRun(context, result, 'ambit grant');
  printObjects(context, result);
  return waitForClusters(context, client, result, { waitMs });
}

/** What a policy file refers to wrongly is a fault of the file; here it is a name that does not exist. */
function missingName(error: unknown): AppError | undefined {
  if (!isAppError(error, 'invalid_policy')) return undefined;
  const { errors = [], ...extras } = error.extras;
  const kinds = errors.map(
    ({ message }) => /^there is no (User|Group|Team|Role|Cluster) /.exec(message)?.[1],
  );
  const [kind] = kinds;
  if (kind === undefined || kinds.includes(undefined)) return undefined;
  const nextCommand = `ambit get ${kind.toLowerCase()}s`;
  return new AppError('not_found', error.message, { ...extras, errors, nextCommand, cause: error });
}

function endOf({ until, for: length }: GrantOptions, now: number): Date | undefined {
  if (until !== undefined && length !== undefined) {
    throw new AppError('usage', '--until and --for exclude each other');
  }
  if (until !== undefined) return parseEnd(until, now);
  return length === undefined ? undefined : new Date(now + parseDuration(length));
}
