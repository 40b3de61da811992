import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { kubeResources } from '@ambit/kube';
import type { Namespace } from '@ambit/kube';
import {
  certificatesToPem,
  connectToCentral,
  createCertificateRequest,
  fetchPinnedCa,
  generateAgentKey,
  parseJoinToken,
  signJoinRequest,
} from '@ambit/transport';
import { Fleet } from '../../support/fleet.ts';
import type { Escape, FamilyResult, HostileFamily, Scale } from '../family.ts';
import { callPolitely, p99 } from '../polite-callers.ts';
import type { Felt } from '../polite-callers.ts';
import { attacks } from './attacks.ts';
import type { Attacked, Surroundings } from './attack.ts';
import { startDecoy } from './decoy.ts';
import type { Decoy } from './decoy.ts';

const ms = (value: number): string => `${value.toFixed(1)} ms`;
const polite = 'polite';
const apiVersion = 'ambit.dev/v1' as const;
const attacker = fileURLToPath(new URL('./attacker.ts', import.meta.url));
/** Of a turn: nobody attacks, the decoy is attacked, central is attacked. */
const secondsEach: Readonly<Record<Scale, number>> = { smoke: 2, full: 4 };
const turns: Readonly<Record<Scale, number>> = { smoke: 1, full: 4 };
/** What polite callers may feel of an attack, beside what they feel of the same attackers at the decoy. */
const mostRatio = 2;
/** Below this a ratio says more about the machine than about central: few samples, beside the other tests of a run. */
const unfeltMs: Readonly<Record<Scale, number>> = { smoke: 1_000, full: 50 };
/** So that V8 takes no more than it needs: what is held beyond ends central, which is an escape. */
const smallHeap = { NODE_OPTIONS: '--max-old-space-size=192' };
/** Of all memory together, after every attack. */
const mostGrowthMiB = 256;

/**
 * Strangers and one enrolled agent against the agent port, while a polite agent is served and people call the REST API.
 * Each attack takes turns with quiet times, and with the same attackers at a decoy: what they take of the machine there is
 * no work of central's, and what polite callers feel of it is the floor.
 * An escape is an answer that should be a refusal, a polite caller kept waiting, memory that grows, or an end of central.
 */
export const wire: HostileFamily = {
  says: 'strangers and a hostile agent at the agent port, beside polite callers',
  run: async (scale, _seed, attack) => {
    const fleet = await Fleet.start([polite], {}, smallHeap);
    const decoy = await startDecoy();
    try {
      const chosen = Object.keys(attacks).filter((name) => name.includes(attack));
      return await attackAll(fleet, { decoy, scale, chosen });
    } finally {
      decoy.stop();
      await fleet.stop();
    }
  },
};

interface Attacking {
  readonly decoy: Decoy;
  readonly scale: Scale;
  /** Names of the attacks. */
  readonly chosen: readonly string[];
}

async function attackAll(fleet: Fleet, { decoy, scale, chosen }: Attacking): Promise<FamilyResult> {
  const surroundings = await prepare(fleet);
  await callPolitely(fleet, polite, performance.now() + 2_000);
  const notes: string[] = [];
  const escapes: Escape[] = [];
  let attempts = 0;
  const before = await residentMiB(fleet);
  for (const name of chosen) {
    const { attacked, quiet, floor, felt } = await inTurns(fleet, name, scale, {
      central: surroundings,
      decoy: { ...surroundings, target: decoy.target },
    });
    attempts += attacked.attempts;
    const resident = await residentMiB(fleet);
    notes.push(
      `${name}: ${attacked.attempts} attempts, central ${resident.toFixed(0)} MiB`,
      `  quiet ${describe(quiet)}; at the decoy ${describe(floor)}; attacked ${describe(felt)}`,
    );
    escapes.push(...[...new Set(attacked.got)].map((got) => ({ attack: name, got })));
    escapes.push(...slower(name, felt, [quiet, floor], unfeltMs[scale]));
  }
  const grown = (await residentMiB(fleet)) - before;
  notes.push(`central grew by ${grown.toFixed(0)} MiB`);
  if (grown > mostGrowthMiB) escapes.push({ attack: 'all', got: `${grown.toFixed(0)} MiB` });
  if (fleet.central?.alive !== true) escapes.push({ attack: 'all', got: 'central ended' });
  return { attacks: attempts, escapes, notes };
}

interface Turns {
  readonly attacked: Attacked;
  readonly quiet: Felt;
  readonly floor: Felt;
  readonly felt: Felt;
}

/** What drifts on the machine drifts in all three. */
async function inTurns(
  fleet: Fleet,
  name: string,
  scale: Scale,
  at: Readonly<Record<'central' | 'decoy', Omit<Surroundings, 'until'>>>,
): Promise<Turns> {
  const seconds = secondsEach[scale];
  const politely = (): Promise<Felt> =>
    callPolitely(fleet, polite, performance.now() + seconds * 1_000);
  const all: Turns[] = [];
  for (let turn = 0; turn < turns[scale]; turn++) {
    const quiet = await politely();
    const [, floor] = await Promise.all([attack(name, seconds, at.decoy), politely()]);
    const [attacked, felt] = await Promise.all([attack(name, seconds, at.central), politely()]);
    all.push({ attacked, quiet, floor, felt });
  }
  return {
    attacked: {
      attempts: all.reduce((sum, { attacked }) => sum + attacked.attempts, 0),
      got: all.flatMap(({ attacked }) => attacked.got),
    },
    quiet: together(all.map(({ quiet }) => quiet)),
    floor: together(all.map(({ floor }) => floor)),
    felt: together(all.map(({ felt }) => felt)),
  };
}

const together = (all: readonly Felt[]): Felt => ({
  rest: all.flatMap(({ rest }) => rest),
  grant: all.flatMap(({ grant }) => grant),
  revocation: all.flatMap(({ revocation }) => revocation),
});

const describe = ({ rest, grant, revocation }: Felt): string =>
  [
    `REST p99 ${ms(p99(rest))} of ${rest.length}`,
    `grant ${ms(p99(grant))} of ${grant.length}`,
    `revocation ${ms(p99(revocation))} of ${revocation.length}`,
  ].join(', ');

/** What polite callers felt during an attack, beside the worse of what they feel without it. */
function slower(name: string, felt: Felt, without: readonly Felt[], unfelt: number): Escape[] {
  return (['rest', 'grant', 'revocation'] as const).flatMap((what) => {
    const now = p99(felt[what]);
    const then = Math.max(...without.map((each) => p99(each[what])));
    if (now <= Math.max(mostRatio * then, unfelt)) return [];
    return [{ attack: name, got: `${what} p99 ${ms(now)} instead of ${ms(then)}` }];
  });
}

/** The attacker has the lowest priority, so that what is measured is central and not the attacker's own appetite. */
function attack(
  name: string,
  seconds: number,
  surroundings: Omit<Surroundings, 'until'>,
): Promise<Attacked> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      'nice',
      ['-n', '19', process.execPath, '--no-warnings', attacker, name, String(seconds * 1_000)],
      { timeout: seconds * 1_000 + 60_000, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error === null) resolve(JSON.parse(stdout) as Attacked);
        else reject(new Error(`the attacker "${name}" ended early: ${stderr || error.message}`));
      },
    );
    child.stdin?.end(JSON.stringify(surroundings));
  });
}

/** A polite agent with a namespace and a person, and a hostile one that is enrolled for a cluster of its own. */
async function prepare(fleet: Fleet): Promise<Omit<Surroundings, 'until'>> {
  const { kube } = fleet.member(polite);
  await kube.create<Namespace>(kubeResources.namespaces, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: polite },
  });
  await fleet.enrol(polite);
  const { api } = fleet.client();
  const person = { apiVersion, kind: 'User', metadata: { name: polite } } as const;
  await api.putUser({ params: { name: polite }, body: person });
  const { metadata } = await api.getCluster({ params: { name: polite } });
  return { ...(await enrolHostile(fleet)), foreignClusterUid: metadata.uid };
}

async function enrolHostile(fleet: Fleet): Promise<Pick<Surroundings, 'target' | 'identity'>> {
  const { api } = fleet.client();
  const name = 'hostile';
  const body = { apiVersion, kind: 'Cluster', metadata: { name } } as const;
  await api.putCluster({ params: { name }, body });
  const { token } = await api.createJoinToken({ params: { name }, body: {} });
  const { caPin, id, presented } = parseJoinToken(token);
  const address = fleet.agentAddress;
  const ca = await fetchPinnedCa({ address, caPin, deadlineMs: 5_000 });
  const privateKey = generateAgentKey();
  const kubeSystemUid = randomUUID();
  const csr = createCertificateRequest(privateKey);
  const connection = connectToCentral({ address, ca });
  try {
    const answer = await connection.enroll(
      {
        joinToken: id,
        tokenProof: signJoinRequest(presented, { id, kubeSystemUid, csr }),
        csr,
        kubeSystemUid,
        agentVersion: '1',
        kubernetesVersion: '1',
      },
      10_000,
    );
    const certificateChain = certificatesToPem(answer.certificateChain);
    const identity = { certificateChain, privateKey, clusterUid: answer.clusterUid, kubeSystemUid };
    return { target: { port: Number(address.split(':')[1]), ca }, identity };
  } finally {
    connection.close();
  }
}

/** Resident memory of central, in MiB. */
async function residentMiB(fleet: Fleet): Promise<number> {
  const status = await readFile(`/proc/${fleet.central?.pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
}
