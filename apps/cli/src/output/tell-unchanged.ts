import type { AmbitClient } from '@ambit/client';
import type { ApplyResult, Grant } from '@ambit/contracts';
import { counted, printable } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { oneLine } from './one-line.ts';

/** Most grants that are asked for. */
const mostAsked = 20;

/**
 * A grant that is applied again and stays as it is may not be in force all the same: says so, and gives the exit code that
 * its first application ended with.
 */
export async function tellUnchanged(
  context: CommandContext,
  client: AmbitClient,
  { objects }: Pick<ApplyResult, 'objects'>,
): Promise<ExitCode> {
  const names = objects
    .filter(({ kind, action }) => kind === 'Grant' && action === 'unchanged')
    .slice(0, mostAsked)
    .map(({ name }) => name);
  let code: ExitCode = exitCodes.done;
  for (const name of names) {
    const grant = await client.api.getGrant({ params: { name }, signal: context.signal });
    const found = tellHindered(context, grant);
    code = found > code ? found : code;
  }
  return code;
}

function tellHindered(context: CommandContext, { metadata, status }: Grant): ExitCode {
  const { clusters, conditions } = status;
  if (clusters === undefined || clusters.hindered === 0) return exitCodes.done;
  const { err } = context.terminal;
  const where = `${clusters.hindered} of ${counted(clusters.reached, 'cluster')}`;
  err.line(`grant/${printable(metadata.name)} is unchanged, and not in force in ${where}`);
  const reasons = conditions.filter(({ type, status: is }) => type !== 'InForce' && is === 'True');
  for (const { type, message = '' } of reasons) {
    err.line(printable(`  ${type}: ${oneLine(message)}`));
  }
  const onlyCeiling = reasons.every(({ type }) => type === 'CeilingRefused');
  return onlyCeiling ? exitCodes.guarded : exitCodes.notInForce;
}
