import type { Cluster } from '@ambit/contracts';
import { counted } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { findKind } from '../kinds.ts';
import {
  aheadFindings,
  clusterFindings,
  type ClusterFinding,
  type Surroundings,
} from '../output/cluster-findings.ts';
import { getOne } from './get.ts';

/** `ambit doctor [CLUSTER]`. */
export async function doctor(
  context: CommandContext,
  [name]: readonly string[],
): Promise<ExitCode> {
  const client = await context.client();
  const around: Surroundings = { system: await client.api.getSystem({}), now: context.now() };
  if (name !== undefined) {
    const cluster = (await getOne(client, findKind('cluster'), name)) as Cluster;
    const { items } = await client.api.listAgents({ params: { name } });
    const agent = items.find(({ state }) => state !== 'revoked');
    const findings = clusterFindings(cluster, { ...around, agent });
    return tellFindings(context, name, findings);
  }
  const all = aheadFindings(around);
  let clusters = 0;
  let place: string | undefined;
  do {
    const query = { limit: 500, ...(place === undefined ? {} : { continue: place }) };
    const page = await client.api.listClusters({ query });
    for (const cluster of page.items) all.push(...worstOf(cluster, around));
    clusters += page.items.length;
    place = page.metadata.continue;
  } while (place !== undefined);
  return tellFindings(context, counted(clusters, 'cluster'), all);
}

/** The worst of a cluster; all of it is told when one asks for that cluster. */
function worstOf(cluster: Cluster, around: Surroundings): ClusterFinding[] {
  const { name } = cluster.metadata;
  const system = { ...around.system, stateAhead: undefined };
  const [worst, ...more] = clusterFindings(cluster, { ...around, system });
  if (worst === undefined) return [];
  const rest = more.length === 0 ? '' : ` (and ${more.length} more: ambit doctor ${name})`;
  return [{ ...worst, what: `${name}: ${worst.what}${rest}` }];
}

function tellFindings(
  context: CommandContext,
  of: string,
  findings: readonly ClusterFinding[],
): ExitCode {
  const { out } = context.terminal;
  for (const { is, what, next } of findings) {
    out.line(`${is === 'wrong' ? 'WRONG' : 'look '}  ${what}`);
    out.line(`       next: ${next}`);
  }
  if (findings.length === 0) out.line(`ok     ${of}: nothing to do`);
  return findings.some(({ is }) => is === 'wrong') ? exitCodes.error : exitCodes.done;
}
