import type { AuditEventRecord } from '@ambit/contracts';
import { kubeResources } from '@ambit/kube';
import type { Namespace } from '@ambit/kube';
import { eventually, SeededRandom, startShakyLink } from '@ambit/testing';
import type { ShakyLink } from '@ambit/testing';
import { Fleet } from '../../support/fleet.ts';
import type { Escape, FamilyResult, HostileFamily, Scale } from '../family.ts';
import { Waves } from './waves.ts';
import { Witness } from './witness.ts';

const cluster = 'witnessed';
const kills: Readonly<Record<Scale, number>> = { smoke: 5, full: 200 };
const storms: Readonly<Record<Scale, number>> = { smoke: 5, full: 100 };
/** After so many writes of a wave, or so long when they do not come. */
const killAfterWrites = 30;
const killWithinMs = 2_000;
const agreesWithinMs = 90_000;

/** Everything that may end between a write and its event in central's trail. */
interface Scene {
  readonly fleet: Fleet;
  readonly link: ShakyLink;
  readonly random: SeededRandom;
  readonly waves: Waves;
  readonly witness: Witness;
}

/**
 * An agent that is killed while it writes, and whose link to central is cut, reset and silent by turns. An escape is a
 * write that the API server knows of and our trail does not, or the other way round, told twice, or a gap.
 */
export const trail: HostileFamily = {
  says: 'an agent that is killed while it writes, behind a link that breaks, and what its trail tells of it',
  run: async (scale, seed) => {
    const fleet = await Fleet.start([cluster], {});
    const link = await startShakyLink(Number(fleet.agentAddress.split(':')[1]));
    try {
      const random = new SeededRandom(seed);
      const waves = await prepare(fleet, link, random);
      const witness = await Witness.start(fleet.member(cluster).kube);
      return await attackAll({ fleet, link, random, waves, witness }, scale);
    } finally {
      await link.close();
      await fleet.stop();
    }
  },
};

async function prepare(fleet: Fleet, link: ShakyLink, random: SeededRandom): Promise<Waves> {
  await fleet.member(cluster).kube.create<Namespace>(kubeResources.namespaces, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'payments' },
  });
  await fleet.enrol(cluster, {}, `127.0.0.1:${link.port}`);
  const waves = new Waves(fleet.client(), cluster, random);
  await waves.prepare();
  return waves;
}

async function attackAll(scene: Scene, scale: Scale): Promise<FamilyResult> {
  const { fleet, waves, witness } = scene;
  const escapes: Escape[] = [];
  const notes: string[] = [`${fleet.kind} API server`];
  const phases = [
    { name: 'kill -9', times: kills[scale], attack: killOnce },
    { name: 'reset storm', times: storms[scale], attack: stormOnce },
  ];
  for (const { name, times, attack } of phases) {
    const before = witness.writes.length;
    for (let each = 0; each < times; each++) await attack(scene);
    scene.link.release();
    escapes.push(...(await disagreements(fleet, witness)).map((got) => ({ attack: name, got })));
    notes.push(`${name}: ${times} times, ${witness.writes.length - before} writes`);
  }
  witness.stop();
  const events = await eventsOf(fleet);
  const recovered = events.filter(({ details }) => details?.['recovered'] === true).length;
  notes.push(
    `${waves.changes} changes, ${events.length} events, ${recovered} told by the next process`,
  );
  return { attacks: kills[scale] + storms[scale], escapes, notes };
}

/** A wave, and the end of the agent somewhere in it. */
async function killOnce({ fleet, link, random, waves, witness }: Scene): Promise<void> {
  const { agent } = fleet.member(cluster);
  const wave = waves.send();
  const deadline = performance.now() + killWithinMs;
  await witness.reaches(witness.writes.length + random.below(killAfterWrites), deadline);
  // While the writes after it are announced, sent, answered, told or uploaded.
  await pause(random.below(20));
  agent?.signal('SIGKILL');
  await Promise.all([wave, agent?.stop(0)]);
  fleet.startAgent(cluster, {}, `127.0.0.1:${link.port}`);
  await fleet.connected(cluster);
}

/** Waves, and a link that breaks in one way or another while they pass. */
async function stormOnce({ link, random, waves }: Scene): Promise<void> {
  const wave = waves.send();
  const breaks = 1 + random.below(4);
  for (let each = 0; each < breaks; each++) {
    await pause(random.below(150));
    if (random.chance(0.2)) link.hang();
    if (random.chance(0.8)) link.reset();
    if (random.chance(0.5)) link.release();
  }
  link.release();
  await wave;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What the trail and the API server say differently, once both had the time to say all. */
async function disagreements(fleet: Fleet, witness: Witness): Promise<string[]> {
  try {
    await eventually(
      async () => {
        const found = await compare(fleet, witness);
        if (found.length > 0) throw new Error(found.join('; '));
      },
      { withinMs: agreesWithinMs, everyMs: 500 },
    );
    return [];
  } catch {
    return (await compare(fleet, witness)).slice(0, 20);
  }
}

async function compare(fleet: Fleet, witness: Witness): Promise<string[]> {
  const events = await eventsOf(fleet);
  const told = counted(events.flatMap((event) => writeOf(event) ?? []));
  const done = counted(witness.writes);
  const names = new Set([...told.keys(), ...done.keys()]);
  const differing = [...names].filter((name) => told.get(name) !== done.get(name));
  return [
    ...(witness.broken === undefined ? [] : [`the witness broke: ${witness.broken}`]),
    ...events.filter(({ type }) => type === 'audit.gap').map(({ message }) => message),
    ...differing.map((name) => `${name}: done ${done.get(name) ?? 0}, told ${told.get(name) ?? 0}`),
  ];
}

const verbs: Readonly<Record<string, string>> = { 'grant.enforced_end': 'deleted' };

/** `VERB KIND UID` as the witness says it; undefined for what tells of no write. */
function writeOf({ type, object }: AuditEventRecord): string | undefined {
  const [family = '', what = ''] = type.split('.');
  const verb = verbs[type] ?? (['binding', 'role_object'].includes(family) ? what : undefined);
  return verb === undefined ? undefined : `${verb} ${object?.kind} ${object?.uid}`;
}

function counted(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}

async function eventsOf(fleet: Fleet): Promise<AuditEventRecord[]> {
  const { api } = fleet.client();
  const type = 'binding.*,role_object.*,grant.enforced_end,object.*,audit.*';
  const events: AuditEventRecord[] = [];
  let next: string | undefined;
  do {
    const more = next === undefined ? {} : { continue: next };
    const page = await api.listAuditEvents({ query: { cluster, type, limit: 500, ...more } });
    events.push(...page.items);
    next = page.metadata.continue;
  } while (next !== undefined);
  return events;
}
