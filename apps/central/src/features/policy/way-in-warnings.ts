import type { PolicyDocument } from '@ambit/contracts';
import { readClusterSync } from '@ambit/persistence';
import type { Sql } from '@ambit/persistence';
import { parseCeiling } from '@ambit/rbac';
import type { CredentialWay } from '@ambit/rbac';
import type { PolicyWorld } from '../desired-state/public.ts';

type Access = Extract<PolicyDocument, { kind: 'Cluster' }>['spec']['access'];

interface Needed {
  readonly cluster: string;
  readonly way: CredentialWay;
}

/**
 * Tells of clusters that come to another way in, of which their agents said last that their owner does not allow it. It is no
 * error, as the owner may allow it next. One sentence for each.
 */
export async function wayInWarnings(
  sql: Sql,
  { policy }: PolicyWorld,
  documents: readonly PolicyDocument[],
): Promise<string[]> {
  const needed = new Map<string, Needed>();
  for (const document of documents) {
    if (document.kind !== 'Cluster') continue;
    const { name: cluster } = document.metadata;
    const way = wayOf(document.spec.access);
    const stored = policy.byName('Cluster', cluster);
    if (way === undefined || stored?.kind !== 'Cluster' || wayOf(stored.access) === way) continue;
    needed.set(stored.uid, { cluster, way });
  }
  if (needed.size === 0) return [];
  const told = await readClusterSync(sql, [...needed.keys()]);
  return told.flatMap(({ clusterUid, ceiling }) => {
    const wanted = needed.get(clusterUid);
    const parsed = ceiling === undefined ? undefined : parseCeiling(ceiling);
    if (wanted === undefined || parsed?.ok !== true) return [];
    return parsed.value.credentials.includes(wanted.way) ? [] : [warning(wanted)];
  });
}

function wayOf(
  access: Pick<NonNullable<Access>, 'credential' | 'via'> | undefined,
): CredentialWay | undefined {
  if (access === undefined || access.credential === 'None') return undefined;
  if (access.credential !== 'Token') return access.credential;
  return access.via === 'Webhook' ? 'TokenWebhook' : undefined;
}

function warning({ cluster, way }: Needed): string {
  const lost =
    way === 'ServiceAccountToken'
      ? 'its bindings name ServiceAccounts, which are refused, so that nobody holds anything there'
      : 'nobody gets in';
  return `Cluster ${cluster} wants ${way}, which the ceiling that its agent told last does not name in credentials: ${lost} until its owner allows it.`;
}
