import type { PolicyChange } from '@ambit/domain';
import type { ConditionalGrant, StoredCondition, Transaction } from '@ambit/persistence';
import { grantCondition } from '../../platform/expressions/grant-condition.ts';
import { groupNameOf, markOf, valuesInScope, withinLimit } from './condition-scopes.ts';

/** A condition that has to be asked about everybody who is one of these subjects of its grant, or was one. */
export interface Begun {
  readonly condition: StoredCondition;
  readonly subjects: readonly string[];
}

export const kindOf = (change: PolicyChange): string =>
  change.op === 'put' ? change.object.kind : change.kind;

/** True for a change after which a grant may need other conditions than it has. */
export function mayArrange(change: PolicyChange): boolean {
  const kind = kindOf(change);
  return kind === 'Cluster' || kind === 'Team' || (kind === 'Grant' && change.op === 'put');
}

/**
 * Makes the conditions of the grants that changes concern those that they have to be: one for each combination of values of the
 * labels that they read. Gives the ones that are new, or of others. Throws `invalid_policy` for too many of them.
 */
export async function arrangeConditions(
  tx: Transaction,
  changes: readonly PolicyChange[],
): Promise<readonly Begun[]> {
  const uids = await concernedBy(tx, changes);
  if (uids.length === 0) return [];
  const grants = await tx.conditions.grants(uids);
  const stored = byGrant(await tx.conditions.of(uids));
  const parts = { teams: await teamsIn(tx, grants), clusters: await clustersFor(tx, grants) };
  const begun: Begun[] = [];
  for (const grant of grants) {
    const wanted = wantedBy(grant, stored.get(grant.uid) ?? [], parts);
    begun.push(...(await arrangeGrant(tx, grant, wanted)));
  }
  return begun;
}

type Clusters = Awaited<ReturnType<Transaction['conditions']['clusters']>>;
type Teams = ReadonlyMap<string, readonly string[]>;

function byGrant(conditions: readonly StoredCondition[]): ReadonlyMap<string, StoredCondition[]> {
  const found = new Map<string, StoredCondition[]>();
  for (const condition of conditions) {
    const known = found.get(condition.grantUid);
    if (known === undefined) found.set(condition.grantUid, [condition]);
    else known.push(condition);
  }
  return found;
}

const teamsIn = (tx: Transaction, grants: readonly ConditionalGrant[]): Promise<Teams> =>
  tx.conditions.membersOfTeams(
    grants.flatMap(({ subjects }) =>
      subjects.flatMap(({ kind, uid }) => (kind === 'Team' ? uid : [])),
    ),
  );

/** None, where no condition looks at one. */
async function clustersFor(
  tx: Transaction,
  grants: readonly ConditionalGrant[],
): Promise<Clusters> {
  const looks = grants.some(({ match }) => labelsRead(match).length > 0);
  return looks ? tx.conditions.clusters() : [];
}

function labelsRead(match: string | undefined): readonly string[] {
  const parsed = match === undefined ? undefined : grantCondition(match);
  return parsed?.ok === true ? parsed.value.labels : [];
}

/** What cannot be read any more holds for nobody. */
function wantedBy(
  grant: ConditionalGrant,
  there: readonly StoredCondition[],
  { teams, clusters }: { readonly teams: Teams; readonly clusters: Clusters },
): Arrangement {
  const subjects = subjectsOf(grant, teams);
  const parsed = grant.match === undefined ? undefined : grantCondition(grant.match);
  if (parsed?.ok !== true) return { there, subjects, reads: [], wanted: new Map() };
  const isNew = there.every(({ match }) => match !== grant.match);
  const values = valuesInScope(grant, parsed.value.labels, clusters);
  const wanted = withinLimit(values, there, { name: grant.name, isNew });
  return { there, subjects, reads: parsed.value.reads, wanted };
}

/** uids of grants whose conditions may be of others or on other clusters after these changes. */
async function concernedBy(
  tx: Transaction,
  changes: readonly PolicyChange[],
): Promise<readonly string[]> {
  const uids = (wanted: (change: PolicyChange) => boolean): string[] =>
    changes.filter(wanted).map((change) => (change.op === 'put' ? change.object.uid : change.uid));
  const written = uids(givesCondition);
  const plain = uids((change) => putsGrant(change) && !givesCondition(change));
  const teams = uids((change) => kindOf(change) === 'Team');
  const relabelled = changes.some((change) => kindOf(change) === 'Cluster');
  const had = plain.length === 0 ? [] : await tx.conditions.of(plain);
  const ofTeams = teams.length === 0 ? [] : await tx.conditions.grantsOfTeams(teams);
  const ofLabels = relabelled ? await tx.conditions.grantsOfLabels() : [];
  return [
    ...new Set([...written, ...had.map(({ grantUid }) => grantUid), ...ofTeams, ...ofLabels]),
  ];
}

const putsGrant = (change: PolicyChange): boolean =>
  change.op === 'put' && change.object.kind === 'Grant';

const givesCondition = (change: PolicyChange): boolean =>
  change.op === 'put' && change.object.kind === 'Grant' && change.object.match !== undefined;

/** uids of the people and groups that a grant names, by its teams too. */
function subjectsOf(
  { subjects }: ConditionalGrant,
  teams: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  const uids = subjects.flatMap(({ kind, uid }) =>
    kind === 'Team' ? (teams.get(uid) ?? []) : uid,
  );
  return [...new Set(uids)].sort();
}

interface Arrangement {
  readonly there: readonly StoredCondition[];
  /** By their marks, the values of labels for which there has to be a condition. */
  readonly wanted: ReadonlyMap<string, StoredCondition['labels']>;
  readonly reads: readonly string[];
  readonly subjects: readonly string[];
}

async function arrangeGrant(
  tx: Transaction,
  grant: ConditionalGrant,
  { there, wanted, reads, subjects }: Arrangement,
): Promise<readonly Begun[]> {
  const { match } = grant;
  const stays = there.filter(
    (condition) => condition.match === match && wanted.has(markOf(condition.labels)),
  );
  const gone = there.filter((condition) => !stays.includes(condition));
  if (gone.length > 0)
    await tx.conditions.drop(
      grant.uid,
      gone.map(({ groupUid }) => groupUid),
    );
  const begun: Begun[] = [];
  const others = stays.filter((each) => differing(each.subjects, subjects).length > 0);
  if (others.length > 0)
    await tx.conditions.rewrite(
      others.map(({ groupUid }) => groupUid),
      subjects,
    );
  for (const condition of others)
    begun.push({
      condition: { ...condition, subjects },
      subjects: differing(condition.subjects, subjects),
    });
  if (match === undefined) return begun;
  const known = new Set(stays.map(({ labels }) => markOf(labels)));
  for (const [mark, labels] of wanted) {
    if (known.has(mark)) continue;
    const made = { grantUid: grant.uid, labels, match, reads, subjects };
    const condition = await tx.conditions.create(groupNameOf(grant, mark), made);
    begun.push({ condition, subjects });
  }
  return begun;
}

/** Those that are in one of the two alone. */
const differing = (some: readonly string[], others: readonly string[]): readonly string[] => [
  ...some.filter((each) => !others.includes(each)),
  ...others.filter((each) => !some.includes(each)),
];
