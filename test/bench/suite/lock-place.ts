import { addressText } from '@ambit/config';
import { freePorts } from '@ambit/dev-cluster';
import { kubeResources } from '@ambit/kube';
import type { KubeClient } from '@ambit/kube';
import { openDatabase } from '@ambit/persistence';
import type { Database } from '@ambit/persistence';
import type { BindingObject } from '@ambit/rbac';
import { eventually, FakeClock, PolicyWriter, silentLogger } from '@ambit/testing';
import { may } from '../../support/access-review.ts';
import { Fleet } from '../../support/fleet.ts';
import { RawKube } from '../../support/raw-kube.ts';
import { Replica } from '../../support/replica.ts';
import { BenchDatabase } from '../harness/bench-database.ts';
import { admittedSession } from './admitted-session.ts';

const apiVersion = 'ambit.dev/v1' as const;
const namespace = 'bench';
const cluster = 'bench';
const pollMs = 20;

/** Somebody who is in everywhere, until they are locked. */
interface Insider {
  readonly name: string;
  readonly session: string;
  readonly kube: RawKube;
}

/** What locking one person took, in milliseconds from the call on. */
export interface Locked {
  readonly call: number;
  readonly rest: number;
  readonly replica: number;
  readonly rbac: number;
  readonly kubectl: number;
}

/** Central twice, a cluster whose API server asks its agent, and people with sessions and tokens. */
export class LockPlace {
  readonly #fleet: Fleet;
  readonly #replica: Replica;
  readonly #server: BenchDatabase;
  readonly #database: Database;
  readonly #policy: PolicyWriter;
  readonly #insiders: Insider[] = [];

  private constructor(parts: {
    readonly fleet: Fleet;
    readonly replica: Replica;
    readonly server: BenchDatabase;
    readonly database: Database;
  }) {
    this.#fleet = parts.fleet;
    this.#replica = parts.replica;
    this.#server = parts.server;
    this.#database = parts.database;
    this.#policy = new PolicyWriter(parts.database, new FakeClock(Date.now()));
  }

  static async open(): Promise<LockPlace> {
    const [port = 0] = await freePorts(1);
    const at = addressText({ host: '127.0.0.1', port });
    const ceilings = { [cluster]: 'spec: {credentials: [TokenWebhook]}' };
    const server = await BenchDatabase.start();
    let fleet: Fleet | undefined;
    try {
      fleet = await Fleet.start(
        [cluster],
        ceilings,
        { AMBIT_DATABASE_URL: server.url, AMBIT_TRUST_PROXY: 'true' },
        { webhookAt: at },
      );
      const { kube } = fleet.member(cluster);
      const metadata = { name: namespace };
      await kube.create(kubeResources.namespaces, {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata,
      });
      await fleet.enrol(cluster, {}, fleet.agentAddress, { AMBIT_WEBHOOK_LISTEN: at });
      await openToPeople(fleet);
      const replica = await Replica.start(fleet);
      const database = await openDatabase({ url: server.url, logger: silentLogger });
      return new LockPlace({ fleet, replica, server, database });
    } catch (error) {
      await fleet?.stop();
      await server.stop();
      throw error;
    }
  }

  /** Lets these people in, locks one after the other, and says what each took. */
  async wave(names: readonly string[]): Promise<Locked[]> {
    await this.#admit(names);
    const insiders: Insider[] = [];
    for (const name of names) insiders.push(await this.#insider(name));
    const locked: Promise<Locked>[] = [];
    for (const insider of insiders) {
      const taken = this.#lock(insider);
      locked.push(taken.then(({ all }) => all));
      await taken;
    }
    return Promise.all(locked);
  }

  /** How many of those who were locked still get in anywhere. */
  async stillIn(count: number): Promise<number> {
    let left = 0;
    for (const { session, kube } of this.#insiders) {
      const tried = [refusesSession(this.#fleet.url, session), refusesToken(kube)];
      if ((await Promise.all(tried)).includes(false)) left++;
    }
    if (this.#insiders.length !== count) throw new Error('not everybody was locked');
    return left;
  }

  /** What an API server takes to decide otherwise once a binding is gone. */
  async floor(count: number): Promise<number[]> {
    const { kube } = this.#fleet.member(cluster);
    const times: number[] = [];
    for (let at = 0; at < count; at++) times.push(await rawRemoval(kube, `raw-${at}`));
    return times;
  }

  async close(): Promise<void> {
    for (const { kube } of this.#insiders) kube.close();
    await this.#database.close();
    await this.#fleet.stop();
    await this.#server.stop();
  }

  async #admit(names: readonly string[]): Promise<void> {
    const scope = { clusters: { names: [cluster] }, namespaces: { names: [namespace] } };
    const people = names.map((name) => ({ apiVersion, kind: 'User' as const, metadata: { name } }));
    const grants = names.map((name) => ({
      apiVersion,
      kind: 'Grant' as const,
      metadata: { name: `${name}-in` },
      spec: { subjects: [{ user: name }], role: 'view', scope },
    }));
    await this.#fleet.client().api.apply({ body: { objects: [...people, ...grants] } });
  }

  async #insider(name: string): Promise<Insider> {
    const session = await admittedSession(this.#policy, name);
    const client = this.#fleet.client(session);
    const { token } = await client.api.issueCredential({ body: { cluster } });
    const kube = await RawKube.open(this.#fleet.member(cluster).dev.adminKubeconfig, token);
    const insider = { name, session, kube };
    this.#insiders.push(insider);
    await until(async () => (await kube.send({ method: 'GET', path: podsPath })).status === 200);
    for (const url of [this.#fleet.url, this.#replica.url]) {
      if (await refusesSession(url, session)) throw new Error(`${url} does not know ${name}`);
    }
    return insider;
  }

  /** Resolves when the call is answered; `all` when everybody refuses. */
  async #lock({ name, session, kube }: Insider): Promise<{ readonly all: Promise<Locked> }> {
    const admin = this.#fleet.member(cluster).kube;
    const question = { user: `ambit:${name}`, verb: 'list', resource: 'pods', namespace };
    const began = performance.now();
    const after = (refused: () => Promise<boolean>): Promise<number> =>
      until(refused).then(() => performance.now() - began);
    const rbac = after(async () => !(await may(admin, question)));
    const replica = after(() => refusesSession(this.#replica.url, session));
    const kubectl = after(() => refusesToken(kube));
    const body = { apiVersion, kind: 'User' as const, metadata: { name }, spec: { active: false } };
    await this.#fleet.client().api.putUser({ params: { name }, body });
    const call = performance.now() - began;
    const rest = after(() => refusesSession(this.#fleet.url, session));
    const all = Promise.all([rest, replica, rbac, kubectl]).then(([a, b, c, d]) => ({
      call,
      rest: a,
      replica: b,
      rbac: c,
      kubectl: d,
    }));
    await rest;
    return { all };
  }
}

/** The pods that everybody here may list. */
const podsPath = `/api/v1/namespaces/${namespace}/pods`;

async function openToPeople(fleet: Fleet): Promise<void> {
  const access = { credential: 'Token', via: 'Webhook', ttl: '10m' } as const;
  const body = {
    apiVersion,
    kind: 'Cluster',
    metadata: { name: cluster },
    spec: { access },
  } as const;
  await fleet.client().api.putCluster({ params: { name: cluster }, body });
}

let callers = 0;

async function refusesSession(server: string, session: string): Promise<boolean> {
  callers++;
  // Failures are counted by address: each call comes from another one, as a proxy in front tells it.
  const from = `10.0.${callers >> 8}.${callers & 255}`;
  const headers = { authorization: `Bearer ${session}`, 'x-forwarded-for': from };
  const answer = await fetch(`${server}/api/v1/me`, { headers });
  await answer.text();
  return answer.status === 401;
}

/** Whom the API server does not know any more: without a binding alone it would answer 403. */
async function refusesToken(kube: RawKube): Promise<boolean> {
  return (await kube.send({ method: 'GET', path: podsPath })).status === 401;
}

async function rawRemoval(kube: KubeClient, name: string): Promise<number> {
  const user = `raw:${name}`;
  const question = { user, verb: 'list', resource: 'pods', namespace };
  const binding: BindingObject = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name, namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: user }],
  };
  await kube.create(kubeResources.roleBindings, binding);
  await until(async () => may(kube, question));
  const began = performance.now();
  await kube.delete(kubeResources.roleBindings, { name, namespace });
  await until(async () => !(await may(kube, question)));
  return performance.now() - began;
}

/** The same poll for everybody. */
function until(holds: () => Promise<boolean>): Promise<void> {
  return eventually(
    async () => {
      if (!(await holds())) throw new Error('not yet');
    },
    { withinMs: 30_000, everyMs: pollMs },
  );
}
