import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { kubeResources } from '@ambit/kube';
import type { KubeObject, Namespace } from '@ambit/kube';
import { AmbitClient } from '@ambit/client';
import { openDatabase, roleNames } from '@ambit/persistence';
import { eventually, SeededRandom, silentLogger, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { checkChanges } from '../hostile/central-replicas/what-is-kept.ts';
import { Writers } from '../hostile/central-replicas/writers.ts';
import { may, untilMay } from '../support/access-review.ts';
import type { Question } from '../support/access-review.ts';
import { Fleet } from '../support/fleet.ts';
import { formerRelease } from '../support/former-release.ts';
import { OnePort } from '../support/one-port.ts';
import { Replica } from '../support/replica.ts';
import { programs } from '../support/run-program.ts';

const apiVersion = 'ambit.dev/v1' as const;
/** Named by which of the two is the first to be of this release. */
const names = ['agent-first', 'central-first'] as const;
const former = await formerRelease();
if ('missing' in former)
  console.log(`no former release, so upgrades are not tested: ${former.missing}`);
const upgrades = 'missing' in former ? describe.skip : describe;

/** Where bindings change all the time, and where ada's is alone. */
const [busy, quiet] = ['payments', 'shop'] as const;
const reads = (user: string, namespace: string = busy): Question => {
  return { user: `ambit:${user}`, verb: 'get', resource: 'pods', namespace };
};

interface RoleBinding extends KubeObject {
  readonly subjects?: readonly { readonly name: string }[];
}

let db: TestDatabase;
let database: string;
let fleet: Fleet;
let replica: Replica | undefined;
let people: OnePort;
let agents: OnePort;
let writers: Writers;
let stopWatching: (() => Promise<unknown>) | undefined;

const urlOf = (url: string): string => {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
};

async function onServer(...statements: readonly string[]): Promise<void> {
  const server = await openDatabase({ url: db.superuserUrl, logger: silentLogger });
  for (const statement of statements) await server.query(statement);
  await server.close();
}

/** What the agent made for ada, as the API server knows it: it would have another version after any write. */
async function bindingsOfAda(): Promise<string[]> {
  const found = await Promise.all(
    fleet.members.map(async ({ name, kube }) => {
      const { items } = await kube.list<RoleBinding>(kubeResources.roleBindings, {
        namespace: quiet,
      });
      return items
        .filter(({ subjects }) => subjects?.some((subject) => subject.name === 'ambit:ada'))
        .map(
          ({ metadata }) => `${name} ${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`,
        );
    }),
  );
  return found.flat();
}

/** Asks the API servers without a pause whether ada may, and eve, who never may. */
function watch(): () => Promise<{ asked: number; denied: number; escaped: number }> {
  let watching = true;
  const counts = { asked: 0, denied: 0, escaped: 0 };
  const done = fleet.members.map(async ({ kube }) => {
    while (watching) {
      counts.asked++;
      if (!(await may(kube, reads('ada', quiet)))) counts.denied++;
      if (await may(kube, reads('eve'))) counts.escaped++;
    }
  });
  return async () => {
    watching = false;
    await Promise.all(done);
    return counts;
  };
}

const client = (): AmbitClient => {
  return new AmbitClient({ server: `http://${people.address}`, token: fleet.token });
};

const grantOf = (name: string, namespace: string = busy): object => ({
  apiVersion,
  kind: 'Grant',
  metadata: { name },
  spec: {
    subjects: [{ user: name }],
    role: 'view',
    scope: { clusters: { names }, namespaces: { names: [namespace] } },
  },
});
const userOf = (name: string): object => ({ apiVersion, kind: 'User', metadata: { name } });

/** What is taken away now is gone everywhere, whoever serves. */
async function revokes(name: string): Promise<void> {
  const ask = { user: name, verb: 'get', resource: 'pods' };
  await client().api.apply({ body: { objects: [userOf(name), grantOf(name)] } as never });
  for (const { kube } of fleet.members) await untilMay(kube, reads(ask.user), true);
  await client().api.deleteGrant({ params: { name } });
  for (const { kube } of fleet.members) await untilMay(kube, reads(ask.user), false);
}

/** As whichever replica says that is there. */
function connected(name: string): Promise<void> {
  return eventually(
    async () => {
      const { status } = await client().api.getCluster({ params: { name } });
      if (!status.connected) throw new Error((await fleet.member(name).agent?.tail(4)) ?? '');
    },
    { withinMs: 60_000, everyMs: 100, what: `the agent of ${name} being connected` },
  );
}

async function toThisRelease(name: (typeof names)[number]): Promise<void> {
  await fleet.member(name).agent?.stop(15_000);
  fleet.startAgent(name, {}, agents.address);
  await connected(name);
}

upgrades('from the former release to this one, under load', () => {
  beforeAll(async () => {
    if ('missing' in former) return;
    db = await testDatabase();
    database = `former_${randomBytes(6).toString('hex')}`;
    const { owner, application, auditWriter } = roleNames;
    await onServer(
      `CREATE DATABASE ${database} OWNER ${owner}`,
      `REVOKE ALL ON DATABASE ${database} FROM PUBLIC`,
      `GRANT CONNECT ON DATABASE ${database} TO ${application}, ${auditWriter}`,
    );
    const env = {
      AMBIT_DATABASE_URL: urlOf(db.url),
      AMBIT_DATABASE_AUDIT_URL: urlOf(db.auditUrl),
      AMBIT_DATABASE_OWNER_URL: urlOf(db.ownerUrl),
    };
    fleet = await Fleet.start(names, {}, env, { programs: former.programs });
    replica = await Replica.prepare(fleet);
    people = await OnePort.open([fleet, replica].map(({ url }) => new URL(url).host));
    agents = await OnePort.open([fleet, replica].map(({ agentAddress }) => agentAddress));
    for (const { name, kube } of fleet.members) {
      for (const each of [busy, quiet])
        await kube.create<Namespace>(kubeResources.namespaces, { metadata: { name: each } });
      await fleet.enrol(name, {}, agents.address);
    }
    const ofAda = [userOf('ada'), grantOf('ada', quiet)];
    await client().api.apply({ body: { objects: ofAda } as never });
    for (const { kube } of fleet.members) await untilMay(kube, reads('ada', quiet), true);
    writers = new Writers({
      client,
      clusters: names,
      counters: ['counter'],
      random: new SeededRandom(1),
      tookAway: () => undefined,
    });
    await client().api.apply({ body: { objects: [userOf('counter')] } as never });
  }, 240_000);
  afterAll(async () => {
    await writers?.stop();
    await stopWatching?.();
    await fleet?.stop();
    await people?.close();
    await agents?.close();
    await onServer(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
    await db?.close();
  });

  test('access stays as it is, in either order; the older replica leaves by itself; nothing is written twice', async () => {
    const before = await bindingsOfAda();
    expect(before).toHaveLength(names.length);
    const watched = watch();
    stopWatching = watched;
    writers.start();
    fleet.programs = programs;
    await toThisRelease('agent-first');
    await revokes('at-the-former-central');

    const old = fleet.central;
    await replica?.startAgain();
    // It compiles otherwise, and two states of one revision are taken from nobody.
    await eventually(() => expect(old?.alive).toBe(false), { what: 'the older replica stopping' });
    for (const name of names) await connected(name);
    await revokes('at-the-new-central');
    await fleet.startCentral();
    await toThisRelease('central-first');
    await revokes('at-the-end');

    await writers.stop();
    const { asked, denied, escaped } = await watched();
    expect({ denied, escaped }).toEqual({ denied: 0, escaped: 0 });
    expect(asked).toBeGreaterThan(100);
    expect(await bindingsOfAda()).toEqual(before);
    expect(writers.strange).toEqual([]);
    expect(writers.acknowledged.length).toBeGreaterThan(50);
    const stored = await openDatabase({ url: urlOf(db.url), logger: silentLogger });
    const { escapes } = await checkChanges(stored, writers.acknowledged);
    await stored.close();
    expect(escapes).toEqual([]);
  });
});
