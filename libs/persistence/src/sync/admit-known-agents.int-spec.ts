import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually, PolicyWriter, type TestDatabase, testDatabase } from '@ambit/testing';
import type { Database } from '../database.ts';
import { admitKnownAgents } from './admit-known-agents.ts';
import type { KnownHello } from './admit-known-agents.ts';
import { flushClusterSync } from './cluster-sync.ts';

let db: TestDatabase;
let second: Database;
let policy: PolicyWriter;

interface Enrolled {
  readonly fingerprint: string;
  readonly agentUid: string;
  readonly clusterUid: string;
  readonly clusterName: string;
  readonly kubeSystemUid: string;
}

beforeAll(async () => {
  db = await testDatabase();
  second = await db.another();
  await new PolicyWriter(db.database).change((tx) =>
    tx.installation.create({
      uid: 'here',
      compilerVersion: 1,
      stateEpoch: 1,
      caFingerprint: 'ca',
      stateKeyFingerprint: 'state',
      epochKeyFingerprint: 'epoch',
    }),
  );
});
afterAll(() => db.close());
beforeEach(() => {
  policy = new PolicyWriter(db.database);
});

const session = {
  replica: 'here',
  stateEpoch: 1,
  agentVersion: '1',
  kubernetesVersion: '1',
  ceiling: { clusterScope: false },
  ceilingDigest: 'd',
  at: 1_000,
};

const certificateOf = (fingerprint: string) => ({
  fingerprint,
  serial: `s-${fingerprint}`,
  notBefore: 1e3,
  notAfter: 2e3,
});
const newFingerprint = (): string => randomBytes(32).toString('hex');

/** An agent that completed its first Hello, unless told. */
async function enrolled({ hello = true } = {}): Promise<Enrolled> {
  const { uid: clusterUid, name: clusterName } = await policy.cluster(`eu-${randomUUID()}`);
  const fingerprint = newFingerprint();
  const [agentUid, kubeSystemUid] = [randomUUID(), randomUUID()];
  await policy.change(async (tx) => {
    await tx.clusters.bindKubeSystemUid(clusterUid, kubeSystemUid);
    await tx.agents.enrol({ agentUid, clusterUid, certificate: certificateOf(fingerprint) });
  });
  if (hello) await policy.change((tx) => tx.agents.takeHello(fingerprint, session));
  return { fingerprint, agentUid, clusterUid, clusterName, kubeSystemUid };
}

function helloOf(agent: Enrolled, more: Partial<KnownHello> = {}): KnownHello {
  const { fingerprint, clusterUid, clusterName, kubeSystemUid } = agent;
  return {
    ...session,
    fingerprint,
    clusterUid,
    clusterName,
    kubeSystemUid,
    event: {
      id: randomUUID(),
      time: new Date(1_000).toISOString(),
      type: 'cluster.connected',
      actor: { kind: 'agent', name: `agent/${agent.clusterName}` },
      message: 'connected',
      cluster: agent.clusterName,
    },
    ...more,
  };
}

const admit = (...hellos: readonly KnownHello[]) => admitKnownAgents(db.database, hellos);
const eventsOf = async ({ clusterName }: Enrolled): Promise<number> => {
  const rows = await db.database.query(
    `SELECT 1 FROM audit_events WHERE cluster = $1 AND type = 'cluster.connected'`,
    [clusterName],
  );
  return rows.length;
};

describe('agents that come back', () => {
  test('many are admitted together, each with its session, its event and what it had accepted', async () => {
    const agents = await Promise.all(Array.from({ length: 20 }, () => enrolled()));
    const [first] = agents;
    if (first === undefined) throw new Error('no agent');
    const root = randomBytes(32);
    const accepted = { acceptedRevision: 7, root };
    await flushClusterSync(db.database, [
      { clusterUid: first.clusterUid, sessionEpoch: 1, ...accepted },
    ]);
    const admitted = await admit(...agents.map((agent) => helloOf(agent)));
    expect(admitted.size).toBe(20);
    const { fingerprint, ...identity } = first;
    expect(admitted.get(fingerprint)).toMatchObject({
      identity: { ...identity, certificate: { fingerprint }, superseded: false },
      sessionEpoch: 2,
      accepted: { revision: 7, root },
    });
    for (const agent of agents) expect(await eventsOf(agent)).toBe(1);
  });

  test('whoever is new, revoked, elsewhere or holds what is not known here is left to be judged alone', async () => {
    const fresh = await enrolled({ hello: false });
    const revoked = await enrolled();
    await policy.change((tx) => tx.agents.revokeCluster(revoked.clusterUid, 'lost'));
    const [elsewhere, renamed, ahead, diverged, later] = [
      await enrolled(),
      await enrolled(),
      await enrolled(),
      await enrolled(),
      await enrolled(),
    ];
    const held = { stateEpoch: 1, revision: 1, lineage: randomBytes(16) };
    const hellos = [
      helloOf(fresh),
      helloOf(revoked),
      helloOf(elsewhere, { kubeSystemUid: randomUUID() }),
      helloOf(renamed, { clusterName: 'another' }),
      helloOf(ahead, { held: { ...held, revision: 1_000_000 } }),
      helloOf(diverged, { held }),
      helloOf(later, { held: { ...held, stateEpoch: 2 } }),
    ];
    expect((await admit(...hellos)).size).toBe(0);
    for (const agent of [elsewhere, ahead, diverged]) expect(await eventsOf(agent)).toBe(0);
    const [{ lineage }] = (await db.database.query<{ lineage: Buffer }>(
      'SELECT lineage FROM policy_lineage WHERE revision = 1',
    )) as [{ lineage: Buffer }];
    expect((await admit(helloOf(diverged, { held: { ...held, lineage } }))).size).toBe(1);
    const former = { stateEpoch: 0, revision: 99, lineage: randomBytes(16) };
    expect((await admit(helloOf(ahead, { held: former }))).size).toBe(1);
  });

  test('a certificate that is superseded while its Hello waits is not admitted', async () => {
    const agent = await enrolled();
    const young = newFingerprint();
    await policy.change((tx) =>
      tx.agents.addCertificate(agent.agentUid, certificateOf(young), agent.fingerprint),
    );
    const other = new PolicyWriter(second);
    const waits = Promise.withResolvers<undefined>();
    const taken = Promise.withResolvers<undefined>();
    const taking = other.change(async (tx) => {
      const value = await tx.agents.takeHello(young, session);
      taken.resolve(undefined);
      await waits.promise;
      return value;
    });
    await taken.promise;
    const admitting = admit(helloOf(agent));
    await eventually(
      async () => {
        const rows = await second.query(
          `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
        );
        if (rows.length === 0) throw new Error('nobody waits');
      },
      { what: 'the Hello of the old certificate to wait for the lock' },
    );
    waits.resolve(undefined);
    await taking;
    expect((await admitting).size).toBe(0);
    expect((await admit(helloOf({ ...agent, fingerprint: young }))).size).toBe(1);
  });
});
