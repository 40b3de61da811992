import { expect, test } from '@jest/globals';
import { endedSessionKind, leftGroupKind, Policy, tokenIssuer } from '@ambit/domain';
import type {
  PolicyCluster,
  PolicyGrant,
  PolicyGroup,
  PolicyObject,
  PolicyPlain,
} from '@ambit/domain';
import { decodeIntent } from '@ambit/protocol';
import { createEnvelopeSigner, generateSigningKey, nodeDigests } from '@ambit/transport';
import { ClusterState } from './cluster-state.ts';
import { EncodedIntents } from './encoded-intents.ts';

const webhookKey = 'CREDENTIALS/webhook';
const clusterOf = (name: string, more: Partial<PolicyCluster> = {}): PolicyCluster => ({
  kind: 'Cluster',
  uid: name,
  name,
  labels: {},
  subjectMode: 'Users',
  userPrefix: 'ambit:',
  ...more,
});
const plain = (of: string, name: string, spec: PolicyPlain['spec']): PolicyPlain => ({
  kind: 'Plain',
  of,
  uid: `${of}-${name}`,
  name,
  labels: {},
  spec,
});

const groupOf = (name: string): PolicyGroup => ({ kind: 'Group', uid: name, name, labels: {} });
const grantTo = (groups: readonly PolicyGroup[], roleUid: string): PolicyGrant => ({
  kind: 'Grant',
  uid: 'grant',
  name: 'grant',
  labels: {},
  subjects: groups.map(({ kind, uid }) => ({ kind, uid })),
  roleUid,
  scope: { clusters: { type: 'all' }, namespaces: { type: 'clusterWide' } },
  source: 'api',
  ended: false,
});

function statesOf(objects: readonly PolicyObject[]) {
  const policy = Policy.load(1, objects, nodeDigests);
  const lineage = new Uint8Array();
  const signer = createEnvelopeSigner(generateSigningKey());
  const encoded = new EncodedIntents(nodeDigests);
  const clock = { now: () => 0, monotonic: () => 0 };
  const ports = { policy, lineage, signer, encoded, clock };
  const facts = { installationUid: 'i', stateEpoch: 1, explainedFrom: 0 };
  const of = (uid: string): ClusterState => new ClusterState(uid, ports, facts);
  return { policy, lineage, of };
}

test('a session that ends changes what the agents with a webhook are sent, by that one entry, and no other state', () => {
  const issuer = plain(tokenIssuer.kind, tokenIssuer.name, {
    issuer: 'https://central/webhook',
    keys: [{ kty: 'EC', crv: 'P-256', kid: 'k', x: 'x', y: 'y' }],
  });
  const web = clusterOf('web', { access: { credential: 'Token', via: 'Webhook', ttl: '10m' } });
  const { policy, lineage, of } = statesOf([web, clusterOf('none'), issuer]);
  const [state, other] = [of('web'), of('none')];
  const [before, otherBefore] = [state.root, other.root];
  expect(otherBefore).toEqual(statesOf([clusterOf('none')]).of('none').root);
  expect([...other.sections]).toEqual(['CONFIG']);

  const object = plain(endedSessionKind, 's1', { endedAt: 1 });
  const touched = policy.apply({ revision: 2, changes: [{ op: 'put', object }] });
  expect(touched).toEqual(new Map([['web', new Set([webhookKey])]]));
  expect(state.follow({ revision: 2, lineage }, touched.get('web') ?? new Set())).toEqual([]);
  expect(state.root).not.toEqual(before);
  expect([...(state.changedSince(before) ?? [])]).toEqual([webhookKey]);
  const [entry] = state.entriesOf([webhookKey]);
  expect(entry && decodeIntent(entry.key, entry.body)).toMatchObject({
    audience: 'ambit:web',
    endedSessions: ['s1'],
  });
  expect(state.entries().map(({ key }) => key)).toEqual(['CONFIG/cluster', webhookKey]);
});

test('as much as may be told of sessions and groups fits the largest entry, and is read as it was written', () => {
  const at = Date.UTC(2026, 0, 1);
  const [x, y] = ['x'.repeat(43), 'y'.repeat(43)];
  const keys = [1, 2, 3].map((n) => ({ kty: 'EC', crv: 'P-256', kid: `k${n}`.padEnd(43), x, y }));
  const issuer = plain(tokenIssuer.kind, tokenIssuer.name, { issuer: 'urn:x:webhook', keys });
  const web = clusterOf('web', {
    subjectMode: 'Groups',
    access: { credential: 'Token', via: 'Webhook', ttl: '10m' },
  });
  const sessions = Array.from({ length: 2_500 }, (_, n) =>
    plain(endedSessionKind, `s${n}`.padEnd(12, 'x'), { endedAt: at }),
  );
  const groups = Array.from({ length: 1_600 }, (_, n) => groupOf(`g${n}`));
  const left = groups.map(({ uid }) =>
    plain(leftGroupKind, `${uid}/u`, { groupUid: uid, userUid: 'u', group: uid, leftAt: at }),
  );
  const role = {
    kind: 'Role',
    uid: 'view',
    name: 'view',
    labels: {},
    clusterRole: 'view',
  } as const;
  const names = [role, ...groups, grantTo(groups, role.uid)];
  const { policy, of } = statesOf([web, issuer, ...sessions, ...names, ...left]);
  const [entry] = of('web').entriesOf([webhookKey]);
  expect(entry?.body.length).toBeGreaterThan(60_000);
  expect(entry?.body.length).toBeLessThan(64 * 1024);
  const told = policy.entry('web', webhookKey);
  expect(told).toMatchObject({ issuedFrom: expect.any(Number), groupsFrom: expect.any(Number) });
  expect(entry && decodeIntent(entry.key, entry.body)).toEqual(told);
});
