import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StoredRows, tables } from '../directory/stored-rows.ts';
import {
  aHundredthChanged,
  connectDirectory,
  groupName,
  heldAtFirst,
  StreamedDirectory,
  SyncedDirectory,
} from '../directory/synced-directory.ts';
import type { DirectorySize } from '../directory/synced-directory.ts';
import { enrolFleet } from '../fleet/enrolled.ts';
import { Place } from '../fleet/place.ts';
import { SimFleet } from '../fleet/sim-fleet.ts';
import { BenchDatabase } from '../harness/bench-database.ts';
import type { Bench, Benchmark, Measured } from '../harness/benchmark.ts';
import { memoryOf, Processes } from '../harness/processes.ts';
import { BenchCentral, BenchClient } from './bench-central.ts';

/** 10,000 in one group and 98 in each other: half a million. */
const measured = { users: 50_000, groups: 5_000, members: 98, membersOfFirst: 10_000 };
/** Counts are the same at every size. */
const counted = { users: 200, groups: 20, members: 10, membersOfFirst: 150 };
/** Statements of a sync where nobody is there, and of one where nothing changed; whoever lowers one lowers it here. */
const wanted = { brought: 16.5, same: 9.2 };
/** Replicas read what each other committed when it is time, and tell of it. */
const beside = /^SELECT (?:h\.revision AS head|pg_notify|1$)|directories AS d/;
const callsPerObject = 2;

export const directorySync: Benchmark = {
  id: 'B20',
  name: 'directory-sync',
  says: '50,000 people in 5,000 groups, 500,000 memberships, by SCIM one call after another and by gRPC in one stream, beside a bare COPY of the same rows',
  async run(bench) {
    await countSyncs(bench);
    if (bench.smoke) return;
    await measureSyncs(bench, measured);
    await measureStreams(bench, measured);
  },
};

/** With an agent that holds what one of the groups is granted, so a state that is pushed is seen. */
async function countSyncs(bench: Bench): Promise<void> {
  const place = await Place.start();
  const rows = await StoredRows.open(place.databaseUrl);
  const { agents, fleet: facts } = await enrolFleet(place, 1);
  const fleet = new SimFleet({ ...facts, bare: false, countBytes: false }, agents);
  const admin = new BenchClient(place.restPort, place.adminToken);
  const directory = new SyncedDirectory(place.restPort, await connectDirectory(admin));
  try {
    await countEach(bench, { place, rows, fleet, directory });
  } finally {
    admin.close();
    directory.close();
    fleet.stop();
    await rows.close();
    await place.stop();
  }
}

interface Counting {
  readonly place: Place;
  readonly rows: StoredRows;
  readonly fleet: SimFleet;
  readonly directory: SyncedDirectory;
}

async function countEach(bench: Bench, counting: Counting): Promise<void> {
  const { place, rows, fleet, directory } = counting;
  const first = heldAtFirst(counted);
  const second = aHundredthChanged(first);
  const objects = counted.users + counted.groups;
  const brought = await statementsOf(counting, () => directory.sync(first));
  bench.count('statements for each object that is new', brought / objects, {
    atMost: wanted.brought,
  });
  fleet.dial();
  await fleet.accepted(await grantFirst(place, 'standing'));

  await fleet.reset();
  let [mark, revision] = [await rows.mark(), await rows.revision()];
  const same = await statementsOf(counting, () => directory.sync(first));
  bench.count('statements for each object that is as before', same / objects, {
    atMost: wanted.same,
  });
  bench.count('rows written by a sync without a change', sum(await rows.writtenSince(mark)), {
    exactly: 0,
  });
  bench.count('revisions of it', (await rows.revision()) - revision, { exactly: 0 });
  // What is pushed after it is known to come after all of it.
  await fleet.accepted(await grantFirst(place, 'after it'));
  bench.count('states pushed by it', statesOf(fleet) - 1, { exactly: 0 });

  await fleet.reset();
  [mark, revision] = [await rows.mark(), await rows.revision()];
  await directory.sync(second);
  const written = await rows.writtenSince(mark);
  const [people, groups] = [counted.users / 100, 1];
  // A title is an attribute of the person, by which rules of teams may go: the User is another one with it.
  const each = { users: people, directory_users: people, groups, directory_groups: groups };
  const expected: Record<string, number> = { ...each, group_members: 1, given_memberships: 1 };
  for (const table of tables)
    bench.count(`rows of ${table} that a hundredth writes`, written[table] ?? -1, {
      exactly: expected[table] ?? 0,
    });
  bench.count('revisions of a hundredth', (await rows.revision()) - revision, {
    exactly: groups + people,
  });
  await fleet.accepted(await rows.revision());
  bench.count('states pushed by a hundredth', statesOf(fleet), { exactly: groups });
}

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, each) => total + each, 0);

const statesOf = (fleet: SimFleet): number => {
  const { heard } = fleet.counted();
  return (heard['stateBegin'] ?? 0) + (heard['stateDelta'] ?? 0);
};

async function statementsOf({ place }: Counting, work: () => Promise<unknown>): Promise<number> {
  const { byText } = await place.statements.during(work);
  return Object.entries(byText)
    .filter(([text]) => !beside.test(text))
    .reduce((total, [, often]) => total + often, 0);
}

/** A namespace of the cluster for all of the first group. Gives the revision. */
async function grantFirst({ client }: Place, name: string): Promise<number> {
  const scope = {
    clusters: { names: ['c0'] },
    namespaces: { names: [name.replaceAll(' ', '-')] },
  };
  const metadata = { name: name.replaceAll(' ', '-') };
  const spec = { subjects: [{ group: groupName(0) }], role: 'view', scope };
  const body = { apiVersion: 'ambit.dev/v1', kind: 'Grant', metadata, spec } as const;
  const { revision } = await client.api.apply({ body: { objects: [body as never] } });
  return revision;
}

type Syncs = (name: string, sync: () => Promise<unknown>) => Promise<Measured>;

/** What is told of each sync of one central. */
function syncsOf(bench: Bench, central: BenchCentral): Syncs {
  const processes = central.processes();
  return async (name, sync) => {
    const done = await processes.measure(async () => {
      await sync();
    });
    bench.figure(`${name}: time`, done.wallMs / 1_000, 's');
    for (const program of ['central', 'postgres'])
      bench.figure(`${name}: CPU of ${program}`, (done.cpuMs[program] ?? 0) / 1_000, 's');
    bench.figure(`${name}: memory of central`, memoryOf(central.pid).resident, 'MiB');
    return done;
  };
}

async function measureSyncs(bench: Bench, size: DirectorySize): Promise<void> {
  const central = await BenchCentral.start();
  const directory = new SyncedDirectory(central.restPort, await connectDirectory(central.client()));
  const told = syncsOf(bench, central);
  const calls = callsPerObject * (size.users + size.groups);
  try {
    const first = heldAtFirst(size);
    const syncs: [string, typeof first][] = [
      ['SCIM, everything is new', first],
      ['SCIM, nothing changed', first],
      ['SCIM, a hundredth changed', aHundredthChanged(first)],
    ];
    for (const [at, [name, held]] of syncs.entries()) {
      const done = await told(name, () => directory.sync(held));
      bench.figure(`${name}: calls`, calls / (done.wallMs / 1_000), 'calls/s');
      if (at === 0) await besideCopy(bench, await central.databaseUrl(), done);
    }
  } finally {
    directory.close();
    await central.stop();
  }
}

async function measureStreams(bench: Bench, size: DirectorySize): Promise<void> {
  const central = await BenchCentral.start();
  const token = await connectDirectory(central.client());
  const directory = new StreamedDirectory(central.grpcPort, token);
  const rows = await StoredRows.open(await central.databaseUrl());
  const told = syncsOf(bench, central);
  try {
    const first = heldAtFirst(size);
    await told('gRPC, everything is new', () => directory.sync(first));
    const [mark, revision] = [await rows.mark(), await rows.revision()];
    await told('gRPC, nothing changed', () => directory.sync(first));
    bench.count('rows written by a stream without a change', sum(await rows.writtenSince(mark)), {
      exactly: 0,
    });
    bench.count('revisions of such a stream', (await rows.revision()) - revision, { exactly: 0 });
    let written = -1;
    await told('gRPC, a hundredth changed', async () => {
      written = await directory.sync(aHundredthChanged(first));
    });
    bench.count('people and groups that a hundredth writes', written, {
      exactly: Math.ceil(size.users / 100) + Math.ceil(size.groups / 100),
    });
  } finally {
    directory.close();
    await rows.close();
    await central.stop();
  }
}

/** The same rows into an empty database that is as durable. */
async function besideCopy(bench: Bench, url: string, brought: Measured): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'ambit-rows-'));
  const database = await BenchDatabase.start();
  const source = await StoredRows.open(url);
  const target = await StoredRows.open(database.superuserUrl);
  try {
    await source.copyOut(folder);
    const processes = new Processes({ postgres: () => database.pid() });
    const copied = await processes.measure(() => target.copyIn(folder));
    bench.figure('COPY of the same rows: time', copied.wallMs / 1_000, 's');
    bench.figure(
      'COPY of the same rows: CPU of postgres',
      (copied.cpuMs['postgres'] ?? 0) / 1_000,
      's',
    );
    const ratio = (brought.cpuMs['postgres'] ?? 0) / (copied.cpuMs['postgres'] ?? 1);
    bench.figure('CPU of postgres beside COPY', ratio, 'x');
  } finally {
    await source.close();
    await target.close();
    await database.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
