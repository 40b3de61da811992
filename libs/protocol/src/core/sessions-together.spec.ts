import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hex } from '@ambit/kernel';
import { AgentSession } from './agent-session.ts';
import type { AgentEffect } from './agent-session-types.ts';
import { agentCapabilities } from './capabilities.ts';
import { CentralSession } from './central-session.ts';
import type { CentralEffect } from './central-session-types.ts';
import type { AgentMessage, CentralMessage } from './generated/messages.ts';
import {
  agentPorts,
  bytesOf,
  clusterUid,
  Desired,
  emptyMemory,
  envelopeOf,
  helloFacts,
  installationUid,
  treeOf,
} from './session.test-support.ts';

type Op =
  | { readonly op: 'put' | 'remove' | 'revoke'; readonly name: number }
  | { readonly op: 'down' | 'up' | 'disk'; readonly count: number }
  | { readonly op: 'drop' | 'repeat' | 'swap' | 'reconnect' };

const opArbitrary: fc.Arbitrary<Op> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ op: fc.constant('put' as const), name: fc.nat(9) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constantFrom('remove' as const, 'revoke' as const),
      name: fc.nat(9),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      op: fc.constantFrom('down' as const, 'up' as const, 'disk' as const),
      count: fc.nat(4),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constantFrom(
        'drop' as const,
        'repeat' as const,
        'swap' as const,
        'reconnect' as const,
      ),
    }),
  },
);

const parts = new Set<string | undefined>([
  'stateBegin',
  'stateChunk',
  'stateEnd',
  'stateDelta',
  'upToDate',
]);

const damaged = new Set<string | undefined>(['stateChunk', 'stateDelta']);

/** Both ends with a wire between them that loses, repeats and reorders, a slow disk, and the truth beside them. */
class World {
  readonly desired = new Desired();
  readonly agent = new AgentSession(agentPorts, emptyMemory());
  central = this.newCentral();
  down: CentralMessage[] = [];
  up: AgentMessage[] = [];
  disk: (() => void)[] = [];
  /** What the reconciler was given: key to body. */
  accepted = new Map<string, string>();
  masked = new Set<string>();
  revisions: number[] = [];
  /** Keys named by a Revoke and its revision: on its way, and arrived. */
  revoking: [string, number][] = [];
  revoked: [string, number][] = [];
  at = 0;
  readonly capabilities: readonly string[];

  constructor(capabilities: readonly string[] = agentCapabilities) {
    this.capabilities = capabilities;
    this.desired.lineage = bytesOf('lineage');
  }

  newCentral(): CentralSession {
    const ports = {
      desired: () => this.desired.state(),
      signRevocation: (revision: number, revoked: readonly { key: string; subject: string }[]) =>
        envelopeOf('revoke', { installationUid, clusterUid, stateEpoch: 1, revision, revoked }),
      signTime: (now: number) =>
        envelopeOf('central-time', { installationUid, stateEpoch: 1, now }),
      signOrder: (order: object) => envelopeOf('command', order),
      signCredentialOrder: (order: object) => envelopeOf('credential', order),
    };
    const settings = {
      clusterUid,
      stateEpoch: 1,
      heartbeatIntervalMs: 1e9,
      inventoryIntervalMs: 60_000,
      backoffBaseMs: 500,
      backoffCapMs: 8_000,
      maxChunkBytes: 100,
      timeIntervalMs: 1e9,
      epochRaise: null,
    };
    return new CentralSession(ports, settings, 0);
  }

  fromAgent(effects: readonly AgentEffect[]): void {
    for (const effect of effects) {
      if (effect.do === 'send') this.up.push(effect.message);
      if (effect.do === 'saveState')
        this.disk.push(() =>
          this.fromAgent(this.agent.handle({ on: 'stateSaved', saveId: effect.saveId })),
        );
      if (effect.do === 'saveRevocation')
        this.disk.push(() =>
          this.fromAgent(this.agent.handle({ on: 'revocationSaved', saveId: effect.saveId })),
        );
      if (effect.do === 'mask')
        this.masked = new Set(effect.masks.flatMap(({ revoked }) => revoked.map(({ key }) => key)));
      if (effect.do === 'accept') this.accept(effect);
    }
  }

  accept({ change }: Extract<AgentEffect, { do: 'accept' }>): void {
    if (change.mode === 'full') this.accepted.clear();
    for (const key of change.removed) this.accepted.delete(key);
    for (const { key, body } of change.entries)
      this.accepted.set(key, new TextDecoder().decode(body));
    this.revisions.push(change.manifest.revision);
    // Never partially applied: what the reconciler holds is exactly what was signed.
    expect(hex(treeOf(Object.fromEntries(this.accepted)).root)).toBe(hex(change.manifest.root));
  }

  fromCentral(effects: readonly CentralEffect[]): void {
    for (const effect of effects) {
      if (effect.do === 'send') {
        // As the outbox does: what is no part of a state goes before the parts that wait.
        const at = this.down.findIndex(({ message }) => parts.has(message));
        this.down.splice(at < 0 ? this.down.length : at, 0, effect.message);
      }
      if (effect.do === 'sendState') this.down.push(...effect.messages);
    }
  }

  reconnect(): void {
    this.agent.handle({ on: 'closed' });
    this.down = [];
    this.up = [];
    this.revoking = [];
    this.central = this.newCentral();
    const hello = { ...helloFacts, capabilities: [...this.capabilities] };
    this.fromAgent(this.agent.handle({ on: 'opened', at: this.at, hello }));
  }

  deliverUp(): void {
    const message = this.up.shift();
    if (message === undefined) return;
    const moment = { at: this.at, wallClock: this.at };
    this.fromCentral(
      message.message === 'hello'
        ? this.central.handle({ on: 'admitted', ...moment, hello: message.hello, sessionEpoch: 1 })
        : this.central.handle({ on: 'message', ...moment, message }),
    );
  }

  deliverDown(): void {
    const message = this.down.shift();
    if (message === undefined) return;
    this.fromAgent(this.agent.handle({ on: 'message', at: this.at, message }));
    const revoked = message.message === 'revoke' ? this.revoking.shift() : undefined;
    if (revoked !== undefined) this.revoked.push(revoked);
    this.checkRevoked();
  }

  /** From the moment a Revoke arrives, nothing it names has effect until a newer state says so. */
  checkRevoked(): void {
    const revision = this.agent.memory.held?.revision ?? 0;
    for (const [key, from] of this.revoked) {
      expect(revision >= from || this.masked.has(key)).toBe(true);
    }
  }

  apply(op: Op): void {
    this.at += 10;
    switch (op.op) {
      case 'put': {
        const keys = this.desired.commit({ [`BINDING/${op.name}`]: `${this.at}` });
        return this.fromCentral(this.central.handle({ on: 'changed', at: this.at, keys }));
      }
      case 'remove':
      case 'revoke': {
        const key = `BINDING/${op.name}`;
        const keys = this.desired.commit({}, [key]);
        if (op.op === 'remove')
          return this.fromCentral(this.central.handle({ on: 'changed', at: this.at, keys }));
        const revoked = [{ key, subject: '' }];
        const effects = this.central.handle({ on: 'revoked', at: this.at, keys, revoked });
        if (effects.some((effect) => effect.do === 'send')) {
          this.revoking.push([key, this.desired.revision]);
        }
        return this.fromCentral(effects);
      }
      case 'down':
        for (let i = 0; i <= op.count; i++) this.deliverDown();
        return;
      case 'up':
        for (let i = 0; i <= op.count; i++) this.deliverUp();
        return;
      case 'disk':
        for (let i = 0; i <= op.count; i++) this.disk.shift()?.();
        return;
      case 'reconnect':
        return this.reconnect();
      default:
        return this.damage(op.op);
    }
  }

  // Only what belongs to a state is damaged: gRPC itself loses no message of a stream that lives.
  damage(how: 'drop' | 'repeat' | 'swap'): void {
    const at = this.down.findIndex(({ message }) => damaged.has(message));
    const chunk = this.down[at];
    const next = this.down[at + 1];
    if (chunk === undefined) return;
    if (how === 'drop') this.down.splice(at, 1);
    if (how === 'repeat') this.down.splice(at, 0, chunk);
    if (how === 'swap' && next !== undefined) this.down.splice(at, 2, next, chunk);
  }

  settle(): void {
    this.reconnect();
    for (let i = 0; i < 500; i++) {
      this.at += 61_000;
      this.deliverDown();
      this.deliverUp();
      this.disk.shift()?.();
    }
  }
}

/** An agent with these capabilities lives through all of it. */
function ends(ops: readonly Op[], capabilities: readonly string[]): void {
  const world = new World(capabilities);
  world.desired.commit({ 'CONFIG/cluster': 'c' });
  world.reconnect();
  for (const op of ops) {
    world.apply(op);
    world.checkRevoked();
  }
  world.settle();
  expect(Object.fromEntries(world.accepted)).toEqual(Object.fromEntries(world.desired.entries));
  expect(world.agent.memory.held?.revision).toBe(world.desired.revision);
  expect(world.agent.memory.masks).toEqual([]);
  // State never goes backwards.
  expect(world.revisions).toEqual([...world.revisions].sort((a, b) => a - b));
}

describe('both ends together', () => {
  test('case b62: whatever the wire does, the agent holds signed states only and ends with the newest', () => {
    for (const capabilities of [agentCapabilities, ['skips_unknown']]) {
      fc.assert(
        fc.property(fc.array(opArbitrary, { maxLength: 80 }), (ops) => ends(ops, capabilities)),
        { numRuns: 1_000 },
      );
    }
  });

  test('protocol edge 5: a FULL that lands after a Revoke does not bring the access back', () => {
    const world = new World();
    world.desired.commit({ 'CONFIG/cluster': 'c', 'BINDING/1': 'x', 'BINDING/2': 'y' });
    world.reconnect();
    world.apply({ op: 'up', count: 0 });
    world.apply({ op: 'down', count: 1 });
    world.apply({ op: 'revoke', name: 1 });
    world.apply({ op: 'down', count: 0 });
    expect([...world.masked]).toEqual(['BINDING/1']);
    while (world.down.length > 0) world.deliverDown();
    world.apply({ op: 'disk', count: 4 });
    expect(world.accepted.has('BINDING/1')).toBe(true);
    expect([...world.masked]).toEqual(['BINDING/1']);
    world.settle();
    expect([...world.masked]).toEqual([]);
    expect(world.accepted.has('BINDING/1')).toBe(false);
  });

  test('a reconnect of a current agent moves under a kilobyte of state', () => {
    const world = new World();
    for (let i = 0; i < 50; i++) world.desired.commit({ [`BINDING/${i}`]: 'x'.repeat(200) });
    world.settle();
    world.reconnect();
    world.deliverUp();
    expect(world.down.map(({ message }) => message)).toEqual(['welcome', 'upToDate']);
    expect(bytesOf(JSON.stringify(world.down)).length).toBeLessThan(4_000);
  });

  test('a reconnect of an agent that holds this very state moves no manifest either way', () => {
    const world = new World();
    world.desired.commit({ 'BINDING/1': 'x' });
    world.settle();
    world.reconnect();
    const [hello] = world.up;
    expect(hello).toMatchObject({ hello: { held: { manifest: null } } });
    world.deliverUp();
    expect(world.down[1]).toMatchObject({ upToDate: { manifest: null } });
    world.deliverDown();
    world.deliverDown();
    expect(world.up).toMatchObject([{ stateAck: { phase: 'PHASE_ACCEPTED' } }]);
  });

  test('a change comes in one message, and in three for an agent that knows no short forms', () => {
    const messages = (capabilities: readonly string[]): (string | undefined)[] => {
      const world = new World(capabilities);
      world.desired.commit({ 'CONFIG/cluster': 'c' });
      world.settle();
      world.apply({ op: 'put', name: 1 });
      return world.down.map(({ message }) => message);
    };
    expect(messages(agentCapabilities)).toEqual(['stateDelta']);
    expect(messages(['skips_unknown'])).toEqual(['stateBegin', 'stateChunk', 'stateEnd']);
  });
});
