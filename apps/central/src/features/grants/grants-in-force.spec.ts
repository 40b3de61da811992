import { describe, expect, test } from '@jest/globals';
import type { PolicyObject } from '@ambit/domain';
import { readSyncResults } from '@ambit/persistence';
import type { GrantRecord, Sql } from '@ambit/persistence';
import { FakeClock } from '@ambit/testing';
import { SharedLookup } from '../../platform/shared-lookup.ts';
import { aCluster, aGrant, aRole, aUser, policyOf } from '../../policy-objects.test-support.ts';
import { GrantsInForce } from './grants-in-force.ts';

const clock = new FakeClock();
const [prod, staging] = [aCluster('prod'), aCluster('staging')];
const [view, edit] = [aRole('view'), aRole('edit')];
const debug = aRole('debug', [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }]);
const [ann, ben] = [aUser('ann'), aUser('ben')];
const viewing = aGrant('viewing', { user: ann, role: view, clusters: [prod, staging] });
const editing = aGrant('editing', { user: ben, role: edit, clusters: [prod] });
const debugging = aGrant('debugging', { user: ben, role: debug, clusters: [prod] });
const later = aGrant('later', {
  user: ann,
  role: edit,
  clusters: [staging],
  notBefore: clock.now() + 60_000,
});
const objects = [prod, staging, view, edit, debug, ann, ben, viewing, editing, debugging, later];

interface Sync {
  readonly applied?: number;
  readonly accepted?: number;
  readonly offered?: number;
  readonly seen?: number;
  readonly problems?: readonly object[];
}

/** A fleet whose agents last told this. */
function fleet(
  told: Readonly<Record<string, Sync>>,
  more: {
    readonly touched?: Readonly<Record<string, number>>;
    readonly world?: PolicyObject[];
  } = {},
) {
  const { touched = {}, world = objects } = more;
  const asked: unknown[] = [];
  const policy = policyOf(...world);
  const database: Sql = {
    query: async <R>(_: string, [uids]: readonly unknown[] = []) => {
      asked.push(uids);
      const wanted = uids as readonly string[] | null;
      return Object.entries(told)
        .filter(([uid]) => wanted === null || wanted.includes(uid))
        .map(([uid, { applied, accepted = applied, offered, seen, problems }]) => ({
          cluster_uid: uid,
          state_epoch: 1,
          session_epoch: 1,
          accepted_revision: accepted ?? null,
          offered_revision: offered ?? null,
          applied_revision: applied ?? null,
          results: { problems },
          conditions: [],
          last_seen_at: new Date(seen ?? clock.now()),
          ...{ connected_at: null, disconnected_at: null },
        })) as R[];
    },
  };
  const inForce = new GrantsInForce({
    database: database as never,
    reports: new SharedLookup(async (uids) => {
      const found = await readSyncResults(database, uids);
      return new Map(found.map((report) => [report.clusterUid, report]));
    }),
    world: { policy, lastTouched: (uid: string) => touched[uid] } as never,
    connections: { connected: () => false },
    clock,
  });
  const standing = async (grant: { readonly uid: string }, resourceVersion = 5) => {
    const record = { uid: grant.uid, resourceVersion } as GrantRecord;
    return (await inForce.of([record]))(record);
  };
  return { policy, asked, inForce, standing };
}

const keysIn = (
  policy: ReturnType<typeof policyOf>,
  uid: string,
  fits: (text: string) => boolean,
): string[] =>
  Array.from(policy.entries(uid))
    .filter((entry) => fits(JSON.stringify(entry)))
    .map(({ key }) => key);
const refused = (key: string) => ({ key, reason: 'kubernetes_refused', message: 'quota' });
const well = { reached: 1, waiting: [], hindrances: [] };

describe('how a grant stands', () => {
  test('is well where its agents have applied what was last to be applied', async () => {
    const { standing } = fleet(
      { [prod.uid]: { applied: 9 }, [staging.uid]: { applied: 9 } },
      { touched: { [prod.uid]: 9, [staging.uid]: 8 } },
    );
    expect(await standing(viewing)).toEqual({ ...well, reached: 2 });
  });

  test.each([
    ['never told anything', undefined, undefined, ['prod']],
    ['applied nothing yet', {}, 5, ['prod']],
    ['is at an earlier revision than the grant', { applied: 4 }, 9, ['prod']],
    ['is at the revision of the grant', { applied: 5 }, 9, []],
    ['is silent, at an earlier one', { applied: 4, seen: 0 }, undefined, ['prod']],
    ['is heard, and has applied all it accepted', { applied: 4 }, undefined, []],
    ['is heard, and refused what it was sent', { applied: 4, offered: 6 }, undefined, ['prod']],
    ['is heard, and took what it was sent', { applied: 4, offered: 4 }, undefined, []],
    [
      'is heard, and has not applied all it accepted',
      { applied: 4, accepted: 6 },
      undefined,
      ['prod'],
    ],
  ])('it waits for a cluster that %s', async (_, sync, revision, waiting) => {
    const told = sync === undefined ? {} : { [prod.uid]: sync };
    const touched = revision === undefined ? {} : { [prod.uid]: revision };
    expect(await fleet(told, { touched }).standing(editing)).toEqual({ ...well, waiting });
  });

  test('what an agent reports against its bindings, or against its role, is told with the cluster', async () => {
    const { policy } = fleet({});
    const [bound = ''] = keysIn(policy, prod.uid, (text) => text.includes('"edit"'));
    const [role = ''] = keysIn(policy, prod.uid, (text) => text.includes('"ROLE"'));
    const problems = [
      refused(`${bound}++`),
      refused(role),
      { key: bound, reason: 'retrying', message: 'x' },
    ];
    const { standing } = fleet(
      { [prod.uid]: { applied: 9, problems } },
      { touched: { [prod.uid]: 9 } },
    );
    const told = async (grant: { readonly uid: string }) =>
      (await standing(grant)).hindrances.map(
        ({ cluster, problem }) => `${cluster} ${problem.key} ${problem.reason}`,
      );
    expect(await told(editing)).toEqual([
      `prod ${bound}++ kubernetes_refused`,
      `prod ${bound} retrying`,
    ]);
    expect(await told(debugging)).toEqual([`prod ${role} kubernetes_refused`]);
    expect(await told(viewing)).toEqual([]);
  });

  test('what is reported against a namespace that the team owns elsewhere is another grant’s', async () => {
    const owned = (cluster: { readonly uid: string }, name: string) => ({
      clusters: { type: 'names', uids: [cluster.uid] } as const,
      namespaces: [name],
    });
    const team = {
      kind: 'Team',
      uid: 'team',
      name: 'team',
      labels: {},
      members: [{ kind: 'User', uid: ann.uid }],
      owns: [owned(prod, 'here'), owned(staging, 'there')],
    } as const;
    const own = {
      ...aGrant('own', { user: ann, role: edit, clusters: [prod] }),
      subjects: [{ kind: 'Team', uid: team.uid }],
      scope: { clusters: { type: 'all' }, namespaces: { type: 'owned' } },
    } as const;
    const there = aGrant('there', {
      user: ben,
      role: edit,
      clusters: [prod],
      namespaces: ['there'],
    });
    const world = [prod, staging, edit, ann, ben, team, own, there];
    const { policy } = fleet({}, { world });
    const keys = ['"here"', '"there"'].flatMap((name) =>
      keysIn(policy, prod.uid, (text) => text.includes(name)),
    );
    expect(keys).toHaveLength(2);
    const told = { [prod.uid]: { applied: 9, problems: keys.map(refused) } };
    const { standing } = fleet(told, { world, touched: { [prod.uid]: 9 } });
    const keysOf = async (grant: { readonly uid: string }) =>
      (await standing(grant)).hindrances.map(({ problem }) => problem.key);
    expect([await keysOf(own), await keysOf(there)]).toEqual([[keys[0]], [keys[1]]]);
  });

  test('that it has not begun is no hindrance before it should have', async () => {
    const { policy } = fleet({});
    const [key = ''] = keysIn(policy, staging.uid, (text) => text.includes('"edit"'));
    const problems = [{ key, reason: 'not_yet_active', message: 'later' }];
    const told = { [staging.uid]: { applied: 9, problems } };
    const { standing } = fleet(told, { touched: { [staging.uid]: 9 } });
    expect(await standing(later)).toEqual(well);
    clock.advance(60_000);
    expect((await standing(later)).hindrances).toMatchObject([{ cluster: 'staging' }]);
  });

  test('a problem of nothing that there is, or of a grant that is unknown, hinders nobody', async () => {
    const told = { [prod.uid]: { applied: 9, problems: [refused('BINDING/gone')] } };
    const { standing } = fleet(told, { touched: { [prod.uid]: 9 } });
    expect(await standing(editing)).toEqual(well);
    expect(await standing({ uid: 'grant-unknown' })).toEqual({ ...well, reached: 0 });
  });

  test('many grants are asked for with one statement, by cluster as long as they reach few', async () => {
    const many = Array.from({ length: 201 }, (_, index) => aCluster(`c${index}`));
    const wide = aGrant('wide', { user: ann, role: view, clusters: many });
    const narrow = aGrant('narrow', { user: ann, role: view, clusters: many.slice(0, 200) });
    const world = [...many, view, ann, wide, narrow];
    const record = ({ uid }: { readonly uid: string }) =>
      ({ uid, resourceVersion: 1 }) as GrantRecord;
    const { inForce, asked } = fleet({}, { world });
    expect((await inForce.of([record(wide), record(narrow)]))(record(wide)).waiting).toHaveLength(
      201,
    );
    await inForce.of([record(narrow), record(narrow)]);
    await inForce.of([]);
    expect(asked.map((uids) => (uids as string[] | null)?.length ?? 'all')).toEqual(['all', 200]);
  });
});
