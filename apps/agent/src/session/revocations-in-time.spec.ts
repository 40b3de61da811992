import { expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AgentSession,
  comparePoints,
  decodeIntent,
  encodeIntent,
  epochRaiseCodec,
  HashTree,
  manifestCodec,
  revocationCodec,
} from '@ambit/protocol';
import type {
  AgentEffect,
  AgentSessionPorts,
  HelloFacts,
  StateChange,
  StatePoint,
  wire,
} from '@ambit/protocol';
import { effectiveIntents } from '@ambit/rbac';
import type { Intent } from '@ambit/rbac';
import { silentLogger } from '@ambit/testing';
import {
  createEnvelopeOpeners,
  createEnvelopeSigner,
  generateSigningKey,
  nodeDigests,
} from '@ambit/transport';
import fc from 'fast-check';
import { binding } from '../../test/agent-scene.ts';
import { HighWaterFile } from '../state/high-water-file.ts';
import { StateStore } from '../state/state-store.ts';
import { UnexplainedStepsFile } from '../state/unexplained-steps.ts';
import { readHeldState } from './held-state.ts';
import { StateKeeper } from './state-keeper.ts';
import { UnexplainedSteps } from './unexplained-steps.ts';

const owner = { installationUid: 'installation-1', clusterUid: 'cluster-1' };
const signer = createEnvelopeSigner(generateSigningKey());
const epochSigner = createEnvelopeSigner(generateSigningKey());
const openers = createEnvelopeOpeners({
  stateKeys: [signer.publicKey],
  epochKeys: [epochSigner.publicKey],
});
const ports: AgentSessionPorts = { ...openers, digests: nodeDigests, decodeIntent };
const everyone = binding('a', ['ada', 'ben']);
const nobodyElse = binding('a', ['ada']);

/** A session on the agent's real disk, started anew as often as a schedule says; and what is in force by it. */
class AgentOnDisk {
  readonly #folder: string;
  #session: AgentSession | undefined;
  #keeper: StateKeeper | undefined;
  #store: StateStore | undefined;
  #state: readonly Intent[] = [];
  #masks: readonly wire.Revocation[] = [];
  #nonce = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get held(): StatePoint | undefined {
    return this.#session?.memory.held;
  }

  get epoch(): number {
    return this.#session?.memory.stateEpoch ?? 0;
  }

  subjects(): readonly string[] {
    const revoked = this.#masks.flatMap((mask) => [...mask.revoked]);
    return effectiveIntents(this.#state, revoked, 0).flatMap((one) =>
      one.section === 'BINDING' ? one.subjects : [],
    );
  }

  async start(stateEpoch = 1): Promise<void> {
    await this.stop();
    const state = join(this.#folder, 'state');
    this.#store = await StateStore.open(state, 8_192);
    const first = { ...owner, stateEpoch: 1 };
    const path = join(state, 'high-water.json');
    const highWater = await HighWaterFile.open(path, first, silentLogger);
    const of = { ...openers, digests: nodeDigests, logger: silentLogger };
    const held = readHeldState(await this.#store.read(), highWater.marks, of);
    const file = new UnexplainedStepsFile(join(state, 'unexplained'), silentLogger);
    const clock = { now: () => ({ low: 0, high: 0 }) };
    const steps = new UnexplainedSteps({ ...of, store: this.#store, file, highWater, clock });
    const parts = { store: this.#store, highWater, steps, logger: silentLogger };
    this.#keeper = new StateKeeper(parts, held.revocations);
    this.#state = held.change?.intents ?? [];
    this.#masks = held.memory.masks;
    this.#session = new AgentSession(ports, held.memory);
    await this.open(stateEpoch);
  }

  async stop(): Promise<void> {
    await this.#keeper?.flush();
    await this.#store?.close();
  }

  /** A new stream, whose Welcome raises the epoch to this one. */
  async open(stateEpoch: number): Promise<void> {
    this.#nonce = 0;
    const raise = epochRaiseCodec.encode({ installationUid: owner.installationUid, stateEpoch });
    const hello = { instanceId: 'one', attempt: 1 } as HelloFacts;
    await this.#run(this.#session?.handle({ on: 'opened', at: 0, hello }));
    const welcome = {
      protocol: 1,
      centralTime: null,
      epochRaise: epochSigner.sign('epoch', raise),
    };
    await this.#receive({ message: 'welcome', welcome: welcome as unknown as wire.Welcome });
  }

  async revoke(point: StatePoint): Promise<void> {
    const revoked = [{ key: everyone.key, subject: 'ambit:ben' }];
    const payload = revocationCodec.encode({ ...owner, ...point, revoked });
    const envelope = signer.sign('revoke', payload);
    await this.#receive({ message: 'revoke', revoke: { nonce: ++this.#nonce, envelope } });
  }

  async state(point: StatePoint, intent: Intent): Promise<void> {
    const entry = { key: intent.key, body: encodeIntent(intent) };
    const tree = HashTree.empty(nodeDigests).with({ put: [[entry.key, entry.body]] });
    const manifest = signer.sign(
      'manifest',
      manifestCodec.encode({
        ...owner,
        ...point,
        root: tree.root,
        sections: [{ section: 'BINDING', entries: 1 }],
        issuedAt: 0,
        explainedFrom: 0,
        intentionallyEmpty: false,
        compilerVersion: 1,
        lineage: new Uint8Array(),
      }),
    );
    const nonce = ++this.#nonce;
    const begin = { nonce, manifest, mode: 'MODE_FULL', baseRevision: 0 } as const;
    const sizes = { baseRoot: new Uint8Array(), chunks: 1, bytes: entry.body.length };
    await this.#receive({ message: 'stateBegin', stateBegin: { ...begin, ...sizes } });
    const chunk = { nonce, index: 0, removed: [], entries: [entry] };
    await this.#receive({ message: 'stateChunk', stateChunk: chunk });
    await this.#receive({ message: 'stateEnd', stateEnd: { nonce } });
  }

  async #receive(message: wire.CentralMessage): Promise<void> {
    await this.#run(this.#session?.handle({ on: 'message', at: 0, message }));
  }

  async #run(effects: readonly AgentEffect[] = []): Promise<void> {
    for (const effect of effects) await this.#perform(effect);
  }

  async #perform(effect: AgentEffect): Promise<void> {
    if (effect.do === 'mask') this.#masks = effect.masks;
    if (effect.do === 'accept') this.#state = effect.change.intents;
    if (effect.do === 'saveEpoch') this.#keeper?.saveEpoch(effect.stateEpoch);
    if (effect.do === 'saveState') await this.#save(effect.saveId, effect.change);
    if (effect.do === 'saveRevocation') {
      await this.#keeper?.saveRevocation(effect.revocation, effect.envelope);
      await this.#run(this.#session?.handle({ on: 'revocationSaved', saveId: effect.saveId }));
    }
  }

  async #save(saveId: number, change: StateChange): Promise<void> {
    await this.#keeper?.save(change, this.#session?.memory.held);
    await this.#run(this.#session?.handle({ on: 'stateSaved', saveId }));
    this.#keeper?.handedOver();
  }
}

const points = fc.record({
  stateEpoch: fc.integer({ min: 1, max: 4 }),
  revision: fc.integer({ min: 1, max: 12 }),
});
const steps = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constant('state' as const), point: points, ben: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('revoke' as const), point: points }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('raise' as const),
      epoch: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('restart' as const) }) },
);

type Step = typeof steps extends fc.Arbitrary<infer S> ? S : never;

/** What has to be true of an agent after each step, whatever it is. */
class Promised {
  /** Revocations of ben that no accepted state contains. */
  #open: StatePoint[] = [];
  #accepted: StatePoint | undefined;

  took(step: Step, agent: AgentOnDisk): void {
    if (step.op === 'revoke' && this.#concerns(step.point, agent.epoch))
      this.#open.push(step.point);
    const { held } = agent;
    if (held !== undefined) {
      expect(this.#accepted === undefined || comparePoints(held, this.#accepted) >= 0).toBe(true);
      this.#open = this.#open.filter((point) => comparePoints(held, point) < 0);
      this.#accepted = { stateEpoch: held.stateEpoch, revision: held.revision };
    }
    if (this.#open.length > 0) expect(agent.subjects()).not.toContain('ambit:ben');
  }

  #concerns(point: StatePoint, epoch: number): boolean {
    const contained = this.#accepted !== undefined && comparePoints(this.#accepted, point) >= 0;
    return point.stateEpoch <= epoch && !contained;
  }
}

async function take(step: Step, agent: AgentOnDisk): Promise<void> {
  if (step.op === 'raise') await agent.open(step.epoch);
  if (step.op === 'restart') await agent.start(agent.epoch);
  if (step.op === 'state') await agent.state(step.point, step.ben ? everyone : nobodyElse);
  if (step.op === 'revoke') await agent.revoke(step.point);
}

test('whoever is revoked at a point is without access until a state at or above it gives it again, whatever happens', async () => {
  const schedules = fc.array(steps, { minLength: 3, maxLength: 14 });
  const holds = fc.asyncProperty(schedules, async (schedule) => {
    const folder = await mkdtemp(join(tmpdir(), 'ambit-revocations-'));
    const agent = new AgentOnDisk(folder);
    const promised = new Promised();
    try {
      await agent.start();
      for (const step of schedule) {
        await take(step, agent);
        promised.took(step, agent);
      }
    } finally {
      await agent.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });
  await fc.assert(holds, { numRuns: 150 });
});
