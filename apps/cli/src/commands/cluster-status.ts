import type { Agent, Cluster } from '@ambit/contracts';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { findKind } from '../kinds.ts';
import { describeObject } from '../output/describe-object.ts';
import { printObject } from '../output/print-objects.ts';
import { outputFormat, printRows, printValue } from '../output/print-rows.ts';
import { relativeTime } from '../output/relative-time.ts';
import type { Column } from '../output/table.ts';
import { get, getOne } from './get.ts';
import { tellHowToJoin } from './how-to-join.ts';

interface StatusOptions {
  readonly output?: string;
}

/** `ambit cluster status`. */
export async function clusterStatus(
  context: CommandContext,
  [name]: readonly string[],
  options: StatusOptions,
): Promise<ExitCode> {
  if (name === undefined) return get(context, ['clusters'], options);
  const format = outputFormat(options.output);
  const kind = findKind('cluster');
  const client = await context.client();
  const cluster = (await getOne(client, kind, name)) as Cluster;
  if (format === 'table') {
    context.terminal.out.write(describeObject(kind.view, cluster, { now: context.now() }));
  } else await printObject(context, kind, cluster, format);
  if (cluster.status.phase === 'AwaitingAgent') {
    await tellHowToJoin(context, client, name);
  }
  return exitCodes.done;
}

/** `ambit cluster agents`. */
export async function clusterAgents(
  context: CommandContext,
  [name = '']: readonly string[],
  options: StatusOptions,
): Promise<ExitCode> {
  const format = outputFormat(options.output);
  const client = await context.client();
  const list = await client.api.listAgents({ params: { name } });
  if (await printValue(context, list, format)) return exitCodes.done;
  printRows(context, columns(context.now()), list.items, format);
  if (list.items.length === 0) {
    await tellHowToJoin(context, client, name);
  }
  return exitCodes.done;
}

function columns(now: number): Column<Agent>[] {
  return [
    { title: 'UID', value: ({ uid }) => uid },
    { title: 'STATE', value: ({ state }) => state },
    { title: 'VERSION', value: ({ version = '' }) => version, flexible: true },
    { title: 'CERTIFICATE', value: (agent) => relativeTime(agent.certificateNotAfter, now) },
    { title: 'FINGERPRINT', value: (agent) => agent.certificateFingerprint, wide: true },
    { title: 'REVOKED', value: ({ revokedReason = '' }) => revokedReason, wide: true },
    { title: 'AGE', value: ({ enrolledAt }) => relativeTime(enrolledAt, now) },
  ];
}
