import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { PolicyWriter, type TestDatabase, testDatabase } from '@ambit/testing';
import type { Database } from './database.ts';
import { findAgentIdentity } from './queries/agent-identity.ts';
import { findApiTokens, listApiTokens, touchApiTokens } from './queries/api-tokens.ts';
import { findInstallation } from './queries/installation.ts';
import type { JoinTokenUse } from './credential-stores.ts';

let db: TestDatabase;
let second: Database;
let policy: PolicyWriter;
let clusterUid: string;
let count = 0;
const fresh = (prefix: string): string => `${prefix}-${++count}`;

beforeAll(async () => {
  db = await testDatabase();
  second = await db.another();
});
afterAll(() => db.close());
beforeEach(async () => {
  policy = new PolicyWriter(db.database);
  clusterUid = (await policy.cluster(fresh('eu'))).uid;
});

async function joinToken(ttlMs = 60_000): Promise<{ id: string; secretHash: Buffer }> {
  const token = { id: fresh('jt'), secretHash: randomBytes(32) };
  await policy.change((tx) =>
    tx.joinTokens.insert({ ...token, clusterUid, createdBy: 'token/ci', ttlMs }),
  );
  return token;
}

const consume = async (
  from: PolicyWriter,
  token: { id: string; secretHash: Buffer },
): Promise<JoinTokenUse> =>
  (await from.change((tx) => tx.joinTokens.consume(token.id, token.secretHash))).value;

describe('join tokens', () => {
  test('case b33: of 200 uses, in parallel on every connection of two replicas, exactly one wins, five times', async () => {
    const other = new PolicyWriter(second);
    for (let round = 0; round < 5; round++) {
      const token = await joinToken();
      const uses: JoinTokenUse[] = [];
      await Promise.all(
        Array.from({ length: 40 }, async (_, lane) => {
          const from = lane % 2 === 0 ? policy : other;
          for (let n = 0; n < 5; n++) uses.push(await consume(from, token));
        }),
      );
      expect(uses).toHaveLength(200);
      expect(uses.filter((use) => use.ok)).toHaveLength(1);
      const refused = uses.filter((use) => !use.ok).map((use) => (use.ok ? '' : use.reason));
      expect(new Set(refused)).toEqual(new Set(['used']));
    }
  });

  test('a wrong secret uses nothing up', async () => {
    const token = await joinToken();
    const wrong = { id: token.id, secretHash: randomBytes(32) };
    expect(await consume(policy, wrong)).toEqual({ ok: false, reason: 'unknown' });
    expect(await consume(policy, token)).toMatchObject({ ok: true, clusterUid });
  });

  test('one that is over is refused, although no job swept it', async () => {
    const token = await joinToken(0);
    expect(await consume(policy, token)).toEqual({ ok: false, reason: 'expired' });
  });

  test('case b8: an end of zero or below is an end, never none', async () => {
    for (const ttlMs of [0, -1, -1_000_000]) {
      expect(await consume(policy, await joinToken(ttlMs))).toMatchObject({ ok: false });
    }
  });

  test('one of a removed cluster opens nothing', async () => {
    const cluster = await policy.cluster(fresh('gone'));
    clusterUid = cluster.uid;
    const token = await joinToken();
    await policy.change((tx) => tx.clusters.remove(cluster.name));
    expect(await consume(policy, token)).toMatchObject({ ok: false });
  });

  test('are purged when they were used or are over, not before', async () => {
    const [used, over, live] = [await joinToken(), await joinToken(0), await joinToken()];
    await consume(policy, used);
    const purge = await policy.change((tx) => tx.joinTokens.purge(Date.now() + 1_000));
    expect(purge.value).toBeGreaterThanOrEqual(2);
    expect(await consume(policy, over)).toEqual({ ok: false, reason: 'unknown' });
    expect(await consume(policy, live)).toMatchObject({ ok: true });
  });
});

describe('agents', () => {
  const certificate = (fingerprint: string) => ({
    fingerprint,
    serial: `s-${fingerprint}`,
    notBefore: 1e3,
    notAfter: 2e3,
  });
  const enrol = async (): Promise<string> => {
    const fingerprint = randomBytes(32).toString('hex');
    await policy.change((tx) =>
      tx.agents.enrol({
        agentUid: `agent-${fingerprint.slice(0, 8)}`,
        clusterUid,
        certificate: certificate(fingerprint),
      }),
    );
    return fingerprint;
  };
  const session = {
    replica: 'here',
    stateEpoch: 1,
    agentVersion: '1',
    kubernetesVersion: '1',
    ceiling: null,
    ceilingDigest: '',
    at: 1,
  };
  const taken = (fingerprint: string) =>
    policy.change((tx) => tx.agents.takeHello(fingerprint, session));
  const hello = async (fingerprint: string) => {
    const { value, commit } = await taken(fingerprint);
    return { value: value.ok ? value.replaced : undefined, commit };
  };

  test('are found by the whole fingerprint only', async () => {
    const fingerprint = await enrol();
    expect(await findAgentIdentity(db.database, fingerprint)).toMatchObject({
      clusterUid,
      superseded: false,
      certificate: { notAfter: 2_000 },
    });
    for (const near of [
      fingerprint.slice(0, 63),
      `${fingerprint}0`,
      fingerprint.toUpperCase(),
      '%',
      '',
    ]) {
      expect(await findAgentIdentity(db.database, near)).toBeNull();
    }
  });

  test('an older identity that comes late does not revoke the one that took its place', async () => {
    const [old, young] = [await enrol(), await enrol()];
    expect((await hello(old)).value).toEqual([]);
    expect((await findAgentIdentity(db.database, young))?.revokedAt).toBeUndefined();
    expect((await hello(young)).value).toHaveLength(1);
    expect((await findAgentIdentity(db.database, old))?.revokedAt).toBeDefined();
  });

  test('a new identity revokes the old one with its first Hello, not before, and the feed says so', async () => {
    const old = await enrol();
    await hello(old);
    const young = await enrol();
    expect((await findAgentIdentity(db.database, old))?.revokedAt).toBeUndefined();
    const { value, commit } = await hello(young);
    expect(value).toHaveLength(1);
    expect(commit?.revoked).toEqual([{ kind: 'Agent', uid: value?.[0] }]);
    expect((await findAgentIdentity(db.database, old))?.revokedBecause).toMatch(/newer/);
    expect((await hello(young)).commit).toBeUndefined();
  });

  test('a certificate that completed a Hello supersedes the others, which open no session any more', async () => {
    const first = await enrol();
    const { agentUid = '' } = (await findAgentIdentity(db.database, first)) ?? {};
    const next = randomBytes(32).toString('hex');
    await policy.change((tx) => tx.agents.addCertificate(agentUid, certificate(next)));
    expect((await findAgentIdentity(db.database, first))?.superseded).toBe(false);
    await hello(next);
    expect((await findAgentIdentity(db.database, first))?.superseded).toBe(true);
    expect((await findAgentIdentity(db.database, next))?.superseded).toBe(false);
    const other = randomBytes(32).toString('hex');
    await policy.change((tx) => tx.agents.addCertificate(agentUid, certificate(other), next));
    const { value: before } = await taken(next);
    for (const fingerprint of [first, randomBytes(32).toString('hex')])
      expect((await taken(fingerprint)).value).toMatchObject({ ok: false });
    const { value: after } = await taken(next);
    expect(after).toMatchObject({ sessionEpoch: (before.ok ? before.sessionEpoch : 0) + 1 });
    // Got by the right of the one in use: it is its successor.
    expect((await findAgentIdentity(db.database, other))?.superseded).toBe(false);
  });

  test('a revocation is in the record, so a replica that starts later knows it', async () => {
    const fingerprint = await enrol();
    await policy.change((tx) => tx.agents.revokeCluster(clusterUid, 'stolen'));
    expect(await findAgentIdentity(second, fingerprint)).toMatchObject({
      revokedBecause: 'stolen',
    });
  });

  test('a nonce is good once, in time, for its own certificate', async () => {
    const [mine, other] = [await enrol(), await enrol()];
    const nonce = (ttlMs: number) => {
      const hash = randomBytes(32);
      return policy.change((tx) => tx.agents.insertNonce(hash, mine, ttlMs)).then(() => hash);
    };
    const use = async (hash: Buffer, fingerprint = mine) =>
      (await policy.change((tx) => tx.agents.consumeNonce(hash, fingerprint))).value;
    const good = await nonce(60_000);
    expect(await use(good, other)).toBe(false);
    const uses = await Promise.all(Array.from({ length: 50 }, () => use(good)));
    expect(uses.filter(Boolean)).toHaveLength(1);
    expect(await use(await nonce(0))).toBe(false);
    expect((await policy.change((tx) => tx.agents.purgeNonces())).value).toBe(1);
  });
});

describe('API tokens', () => {
  const insert = (name: string, more = {}) =>
    policy.change((tx) =>
      tx.apiTokens.insert({ id: fresh('id'), name, hash: randomBytes(32), role: 'admin', ...more }),
    );

  test('are revoked by name, told by the feed, and the name is free again', async () => {
    const name = fresh('ci');
    const { value: token } = await insert(name);
    await expect(insert(name)).rejects.toMatchObject({ code: 'already_exists' });
    const { commit, value } = await policy.change((tx) => tx.apiTokens.revoke(name));
    expect(commit?.revoked).toEqual([{ kind: 'ApiToken', uid: token.uid }]);
    expect(value.revokedAt).toBeDefined();
    expect((await policy.change((tx) => tx.apiTokens.revoke(token.id))).commit).toBeUndefined();
    await insert(name);
    expect((await findApiTokens(db.database, [token.id]))[0]?.revokedAt).toBeDefined();
    await expect(policy.change((tx) => tx.apiTokens.revoke('none'))).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  test('carry their end and their last use', async () => {
    const { value: token } = await insert(fresh('ci'), { ttlMs: 1_000 });
    expect(token.expiresAt).toBe(token.createdAt + 1_000);
    await touchApiTokens(db.database, [{ uid: token.uid, at: 5_000 }]);
    await touchApiTokens(db.database, [{ uid: token.uid, at: 4_000 }]);
    expect((await findApiTokens(db.database, [token.id]))[0]).toMatchObject({ lastUsedAt: 5_000 });
    expect((await listApiTokens(db.database)).map((one) => one.id)).toContain(token.id);
  });
});

describe('the installation', () => {
  test('case b55: the first admin is made once, ever', async () => {
    expect(await findInstallation(db.database)).toBeNull();
    await policy.change((tx) =>
      tx.installation.create({
        uid: 'i',
        compilerVersion: 1,
        stateEpoch: 1,
        caFingerprint: 'a',
        stateKeyFingerprint: 'b',
        epochKeyFingerprint: 'c',
      }),
    );
    const other = new PolicyWriter(second);
    const marks = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        (n % 2 === 0 ? policy : other).change((tx) => tx.installation.markBootstrapped()),
      ),
    );
    expect(marks.filter((mark) => mark.value)).toHaveLength(1);
    expect((await findInstallation(db.database))?.bootstrappedAt).toBeDefined();
  });

  test('its state epoch goes up by one, and from that revision on differences are not explained', async () => {
    const sign = (epoch: number) => Buffer.from(`proof of ${epoch}`);
    const raise = () =>
      policy.change((tx) => tx.installation.raiseStateEpoch({ sign, compilerVersion: 1 }));
    const { commit } = await raise();
    expect(await findInstallation(db.database)).toMatchObject({
      stateEpoch: 2,
      explainedFrom: commit?.revision,
      epochRaise: Buffer.from('proof of 2'),
    });
    const both = await Promise.all([raise(), raise()]);
    expect(both.map(({ value }) => value.stateEpoch).sort()).toEqual([3, 4]);
  });

  test('its state epoch goes above every epoch that was proved, and no revision is given again', async () => {
    const { stateEpoch } = (await findInstallation(db.database)) ?? { stateEpoch: 0 };
    const proof = { holder: 'c1', cluster: 'eu', heldEpoch: stateEpoch + 3, heldRevision: 900 };
    const { value: kept } = await policy.change((tx) =>
      tx.installation.proveAhead(proof, () => true),
    );
    expect(kept).toMatchObject({ ...proof, stateEpoch });
    await expect(policy.user('nobody')).rejects.toMatchObject({
      code: 'state_ahead',
      message: expect.stringContaining(`cluster eu holds revision 900 of epoch ${stateEpoch + 3}`),
      extras: { nextCommand: 'ambit-central epoch raise' },
    });
    const sign = () => Buffer.from('proof');
    const raised = await policy.change((tx) =>
      tx.installation.raiseStateEpoch({ sign, compilerVersion: 1 }),
    );
    expect(raised.value).toMatchObject({ stateEpoch: stateEpoch + 4, ahead: [proof] });
    expect(raised.commit?.revision).toBe(901);
  });

  test('a judgement that does not hold any more freezes nothing', async () => {
    const proof = { holder: 'c1', heldEpoch: 1, heldRevision: 1 };
    await policy.change((tx) => tx.installation.proveAhead(proof, () => false));
    expect(
      (await policy.change((tx) => tx.users.put({ name: 'ada-judged', labels: {}, active: true })))
        .commit,
    ).toBeDefined();
  });
});
