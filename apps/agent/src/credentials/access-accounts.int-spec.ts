import { request } from 'node:https';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { devClusterSettings, kubernetesAtHand, startDevClusters } from '@ambit/dev-cluster';
import type { DevCluster, DevClusters } from '@ambit/dev-cluster';
import { kubeResources } from '@ambit/kube';
import type { KubeObject } from '@ambit/kube';
import { accountName, defaultCeiling, withProtected } from '@ambit/rbac';
import type { BindingIntent, Ceiling } from '@ambit/rbac';
import { eventually, silentLogger } from '@ambit/testing';
import { binding } from '../../test/agent-scene.ts';
import { digests, ReconcileScene } from '../../test/reconcile-scene.ts';
import type { NewAuditEvent } from '../audit/audit-log.ts';
import { systemTimers } from '../platform/timers.ts';
import { AccessAccounts } from './access-accounts.ts';
import { HeldAccounts } from './held-accounts.ts';
import { CredentialDesk } from './credential-desk.ts';
import type { OrderFor } from './credential-maker.ts';
import { ServiceAccountTokens } from './service-account-tokens.ts';

const settings = devClusterSettings(process.env);
const atHand = await kubernetesAtHand(settings);
if (atHand === undefined) {
  const text = 'no Kubernetes programs at hand: ServiceAccounts of people are not tested';
  if (settings.requireReal) throw new Error(text);
  console.log(text);
}

const namespace = 'ambit-access';
const { serviceAccounts } = kubeResources;
const credentials = ['ServiceAccountToken'] as const;

type Order = OrderFor<'serviceAccountToken'>;

const order = (person: string, more: Partial<Order> = {}): Order => ({
  installationUid: 'installation-1',
  clusterUid: 'cluster-1',
  stateEpoch: 1,
  instanceId: 'instance-1',
  sessionEpoch: 1,
  sequence: 1,
  attempt: 1,
  requestId: 'request-1',
  name: `ambit:${person}`,
  principalUid: `uid-of-${person}`,
  sessionId: 'session-1',
  ttlSeconds: 600,
  notAfter: Date.now() + 10_000,
  wanted: 'serviceAccountToken',
  serviceAccountToken: {},
  ...more,
});
const accountOf = ({ name, principalUid }: Order): string =>
  accountName(name, principalUid, digests);
const userOf = (of: Order): string => `system:serviceaccount:${namespace}:${accountOf(of)}`;

interface Made {
  readonly token: string;
  readonly expiresAt: number;
  readonly credentialId: string;
}

function gives(key: string, ...people: string[]): BindingIntent {
  const subjects = people.map((person) => accountOf(order(person))).sort();
  return binding(key, [], { subjectKind: 'ServiceAccounts', subjects });
}

(atHand === undefined ? describe.skip : describe)('ServiceAccounts of people', () => {
  let clusters: DevClusters;
  let cluster: DevCluster;
  let scene: ReconcileScene;
  let held: HeldAccounts;
  let accounts: AccessAccounts;
  let desk: CredentialDesk;
  let ceiling: Ceiling;
  let removalsHeld: boolean;
  let events: NewAuditEvent[];
  let started: AccessAccounts[];

  beforeAll(async () => {
    clusters = await startDevClusters({ names: ['accounts'], settings, forTests: true });
    cluster = clusters.cluster('accounts');
  });
  afterAll(() => clusters?.stop());

  beforeEach(async () => {
    held = new HeldAccounts();
    scene = await ReconcileScene.open({ cluster, ceiling: { credentials }, follower: held });
    await scene.ready();
    if (!scene.reconciler.facts.namespaces.has('payments')) await scene.namespace('payments');
    ceiling = withProtected({ ...defaultCeiling, credentials }, []);
    removalsHeld = false;
    events = [];
    started = [];
    accounts = opened(held);
    const { agent: client } = scene;
    desk = new CredentialDesk({
      makers: {
        serviceAccountToken: new ServiceAccountTokens({ client, accounts, held, digests }),
      },
      ceiling: () => ceiling,
      refusalOf: () => undefined,
      trail: {
        log: { record: (event) => void events.push(event) },
        spool: { flush: () => Promise.resolve(), storageFull: false },
      },
      time: { now: () => ({ low: Date.now(), high: Date.now() }) },
      clock: { monotonic: () => performance.now() },
      logger: silentLogger,
    });
  });
  afterEach(async () => {
    for (const each of started) await each.stop();
    await scene.apply({ full: true });
    for (const name of await there()) await remove(name);
    await scene.close();
  });

  function opened(of: HeldAccounts): AccessAccounts {
    const made = new AccessAccounts({
      client: scene.agent,
      owner: { clusterUid: 'cluster-1', installationUid: 'installation-1' },
      held: of,
      ceiling: () => ceiling,
      removalsHeld: () => removalsHeld,
      audit: { record: (event) => void events.push(event) },
      digests,
      logger: silentLogger,
      timers: systemTimers,
    });
    of.onChange(() => made.changed());
    made.start();
    started.push(made);
    return made;
  }

  /** Throws the code of a refusal. */
  async function make(of: Order): Promise<Made> {
    const said = await desk.answer(of);
    if (said.answer === 'token') return said;
    throw new Error(said.answer === 'refusal' ? said.refusal.reason : 'no token');
  }

  async function there(): Promise<string[]> {
    const { items } = await scene.admin.list<KubeObject>(serviceAccounts, { namespace });
    return items.map(({ metadata }) => metadata.name).filter((name) => name !== 'default');
  }
  const remove = (name: string) => scene.admin.delete(serviceAccounts, { name, namespace });
  const untilThere = (...people: string[]): Promise<void> =>
    eventually(
      async () =>
        expect((await there()).sort()).toEqual(
          people.map((person) => accountOf(order(person))).sort(),
        ),
      { what: `accounts of ${people.join()}` },
    );

  function call(
    bearer: string,
    path: string,
    body?: object,
  ): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
      const method = body === undefined ? 'GET' : 'POST';
      const to = new URL(path, cluster.server);
      const sent = request(to, { ca: cluster.caPem, method, headers, agent: false }, (answer) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
      });
      sent.once('error', reject);
      sent.end(body && JSON.stringify(body));
    });
  }
  const pods = async (bearer: string, where = 'payments'): Promise<number> =>
    (await call(bearer, `/api/v1/namespaces/${where}/pods`)).status;
  const untilRefused = (bearer: string): Promise<void> =>
    eventually(async () => expect(await pods(bearer)).toBe(401), {
      // The API server keeps what it found out about a token for ten seconds.
      withinMs: 12_000,
      what: 'the token being refused',
    });

  test('a token is the person’s account, which may do what is granted there and nothing else', async () => {
    await scene.apply({ put: [gives('1', 'ada')] });
    const { token, expiresAt, credentialId } = await make(order('ada'));
    expect(await pods(token)).toBe(200);
    expect(await pods(token, 'default')).toBe(403);
    expect((await call(token, '/api/v1/namespaces/payments/secrets')).status).toBe(403);
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    const who = await call(token, '/apis/authentication.k8s.io/v1/selfsubjectreviews', review);
    expect(JSON.parse(who.text)).toMatchObject({
      status: {
        userInfo: {
          username: userOf(order('ada')),
          extra: { 'authentication.kubernetes.io/credential-id': [credentialId] },
        },
      },
    });
    expect(expiresAt - Date.now()).toBeGreaterThan(590_000);
    expect(expiresAt - Date.now()).toBeLessThan(601_000);
    const made = events.map(({ type, subjects }) => [type, subjects]);
    expect(made).toEqual([
      ['credential.requested', ['ambit:ada']],
      ['access_account.created', ['ambit:ada']],
      ['credential.made', ['ambit:ada']],
    ]);
    expect(JSON.stringify(events)).not.toContain(token);
    await make(order('ada'));
    expect(events.filter(({ type }) => type === 'access_account.created')).toHaveLength(1);
  });

  test('a cluster that comes to name people by ServiceAccounts binds these instead, and writes nothing twice', async () => {
    const users = binding('1', ['ada']);
    await scene.apply({ put: [users] });
    const before = await scene.only();
    await scene.apply({ put: [gives('1', 'ada')] });
    const account = accountOf(order('ada'));
    await scene.sees([`payments view ${account}`]);
    const after = await scene.only();
    expect(after.subjects).toEqual([{ kind: 'ServiceAccount', namespace, name: account }]);
    expect(after.metadata.name).not.toBe(before.metadata.name);
    const [deleted, created] = ['deleted', 'created'].map((verb) =>
      scene.events.findIndex(({ type, subjects }) => {
        return (
          type === `binding.${verb}` &&
          subjects?.some((one) => one.endsWith(account)) === (verb === 'created')
        );
      }),
    );
    expect([deleted, created]).not.toContain(-1);
    await scene.apply({ put: [gives('1', 'ada')] });
    expect((await scene.only()).metadata.resourceVersion).toBe(after.metadata.resourceVersion);
  });

  test('who loses the last access loses the account, and the token within ten seconds; others keep theirs', async () => {
    await scene.apply({ put: [gives('1', 'ada', 'bob'), gives('2', 'bob')] });
    const ada = await make(order('ada'));
    const bob = await make(order('bob'));
    expect([await pods(ada.token), await pods(bob.token)]).toEqual([200, 200]);
    await scene.apply({ put: [gives('1', 'bob')] });
    await untilThere('bob');
    // RBAC does not wait for the cache.
    expect(await pods(ada.token)).not.toBe(200);
    await untilRefused(ada.token);
    expect(await pods(bob.token)).toBe(200);
    await expect(make(order('ada'))).rejects.toThrow('no_access');
    expect(events.map(({ type }) => type)).toContain('access_account.deleted');
  });

  test('a denied person’s account goes though intents still name it, also while removals wait for the owner', async () => {
    await scene.apply({ put: [gives('1', 'ada', 'bob')] });
    const { token } = await make(order('ada'));
    await make(order('bob'));
    removalsHeld = true;
    const account = accountOf(order('ada'));
    const deny = { section: 'DENY', key: 'DENY/a', userUid: 'a', subject: account } as const;
    await scene.apply({ put: [deny] });
    await untilThere('bob');
    await untilRefused(token);
    await expect(make(order('ada'))).rejects.toThrow('no_access');
    await scene.apply({ put: [gives('1')] });
    await untilThere('bob');
    removalsHeld = false;
    accounts.changed();
    await untilThere();
  });

  test('central orders nothing beyond the ceiling and the state: another uid, prefix, time, or nobody’s name', async () => {
    await scene.apply({ put: [gives('1', 'ada')] });
    const refusals: [Order, string][] = [
      [order('ada', { principalUid: 'another' }), 'no_access'],
      [order('eve'), 'no_access'],
      [order('ada', { name: 'corp:ada' }), 'ceiling_refused'],
      [order('ada', { name: 'system:masters' }), 'ceiling_refused'],
      [order('ada', { name: 'ambit:' }), 'ceiling_refused'],
      [order('ada', { ttlSeconds: 599 }), 'invalid_request'],
      [order('ada', { ttlSeconds: 3601 }), 'invalid_request'],
      [order('ada', { ttlSeconds: NaN }), 'invalid_request'],
    ];
    for (const [asked, code] of refusals) {
      await expect(make(asked)).rejects.toThrow(code);
    }
    expect(await there()).toEqual([]);
    const told = events.filter(({ type }) => type === 'credential.declined');
    expect(told).toHaveLength(refusals.length);
  });

  test('before a state is known nobody gets a token and nothing is deleted', async () => {
    await scene.apply({ put: [gives('1', 'ada')] });
    await make(order('ada'));
    await accounts.stop();
    const fresh = new HeldAccounts();
    const again = opened(fresh);
    fresh.mask([]);
    await again.stop();
    expect(await there()).toEqual([accountOf(order('ada'))]);
  });

  test('after a restart accounts without access are found by their label and deleted', async () => {
    await scene.apply({ put: [gives('1', 'ada', 'bob')] });
    await make(order('ada'));
    await make(order('bob'));
    await accounts.stop();
    await scene.apply({ put: [gives('1', 'bob')] });
    expect(await there()).toHaveLength(2);
    opened(held);
    await untilThere('bob');
  });

  test('what only looks like ours stays, and hands out nothing', async () => {
    await scene.apply({ put: [gives('1', 'ada', 'bob')] });
    const made = await make(order('bob')).then(() => there());
    const [bob = ''] = made;
    const ours = await scene.admin.get<KubeObject>(serviceAccounts, { name: bob, namespace });
    const { labels, annotations } = ours.metadata;
    const copy = { name: 'deploy-bot', namespace, labels, annotations };
    await scene.admin.create<KubeObject>(serviceAccounts, { metadata: copy as never });
    const taken = { name: accountOf(order('ada')), namespace };
    await scene.admin.create<KubeObject>(serviceAccounts, { metadata: taken });
    await expect(make(order('ada'))).rejects.toThrow('credential_refused');
    await scene.apply({ full: true });
    await eventually(async () => expect(await there()).not.toContain(bob), { what: 'it going' });
    expect((await there()).sort()).toEqual([taken.name, 'deploy-bot'].sort());
  });

  test('an account that somebody deleted is made anew, and its old tokens stay dead', async () => {
    await scene.apply({ put: [gives('1', 'ada')] });
    const before = await make(order('ada'));
    expect(await pods(before.token)).toBe(200);
    await remove(accountOf(order('ada')));
    const after = await make(order('ada'));
    expect(await pods(after.token)).toBe(200);
    await untilRefused(before.token);
    expect(await pods(after.token)).toBe(200);
  });

  test('ten orders at once make one account', async () => {
    await scene.apply({ put: [gives('1', 'ada')] });
    const made = await Promise.all(Array.from({ length: 10 }, () => make(order('ada'))));
    expect(new Set(made.map(({ credentialId }) => credentialId)).size).toBe(10);
    expect(events.filter(({ type }) => type === 'access_account.created')).toHaveLength(1);
  });

  test('where the owner does not want it any more, all accounts go', async () => {
    await scene.apply({ put: [gives('1', 'ada')] });
    const { token } = await make(order('ada'));
    ceiling = { ...ceiling, credentials: [] };
    accounts.changed();
    await untilThere();
    await untilRefused(token);
    await expect(make(order('ada'))).rejects.toThrow('ceiling_refused');
  });
});
