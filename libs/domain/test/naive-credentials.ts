import { departureId } from '@ambit/rbac';
import type { PolicyCluster, PolicyGrant, PolicyObject, PolicyPlain } from '../src/index.ts';
import { nodeDigests } from './node-digests.ts';

const [minute, hour] = [60_000, 3_600_000];

/**
 * The oracle of what webhooks are told, as long as it is little: of whom left a group within the hour that one of these
 * grants, which reach the cluster, names. Nothing where nobody comes in by our tokens.
 */
export function naiveCredentials(
  objects: readonly PolicyObject[],
  cluster: PolicyCluster,
  grants: readonly PolicyGrant[],
): readonly object[] {
  const issuer = plainsOf(objects, 'TokenIssuer')[0];
  const { access, uid, userPrefix, subjectMode } = cluster;
  if (access?.credential !== 'Token' || access.via !== 'Webhook' || issuer === undefined) return [];
  const departures =
    subjectMode === 'Groups' ? departuresOf(objects, namedBy(objects, grants)) : [];
  const entry = {
    section: 'CREDENTIALS',
    key: 'CREDENTIALS/webhook',
    audience: `ambit:${uid}`,
    userPrefix,
    issuer: issuer.spec['issuer'],
    keys: issuer.spec['keys'],
    endedSessions: [],
  };
  return [departures.length === 0 ? entry : { ...entry, departures }];
}

const plainsOf = (objects: readonly PolicyObject[], kind: string): PolicyPlain[] =>
  objects.filter((each) => each.kind === 'Plain').filter(({ of }) => of === kind);

const namedBy = (objects: readonly PolicyObject[], grants: readonly PolicyGrant[]): string[] =>
  objects
    .filter((each) => each.kind === 'Group')
    .filter(({ uid }) => grants.some(({ subjects }) => subjects.some((each) => each.uid === uid)))
    .map(({ name }) => name);

function departuresOf(objects: readonly PolicyObject[], groups: readonly string[]): object[] {
  const all = plainsOf(objects, 'LeftGroup').map(({ uid, spec }) => ({
    uid,
    group: String(spec['group']),
    user: String(spec['userUid']),
    at: Number(spec['leftAt']),
  }));
  const last = Math.max(...all.map(({ at }) => at));
  const since = last - (last % (10 * minute)) - hour;
  const told = new Map<string, number>();
  for (const { uid, group, user, at } of all) {
    const isBack = objects.some((each) => each.kind === 'Membership' && each.uid === uid);
    if (at <= since || isBack || !groups.includes(group)) continue;
    const id = departureId(nodeDigests, `group:${group}`, user);
    told.set(id, Math.max(told.get(id) ?? 0, Math.floor(at / 1_000) + 10));
  }
  return Array.from(told, ([id, before]) => ({ id, before })).sort((a, b) =>
    a.id < b.id ? -1 : 1,
  );
}
