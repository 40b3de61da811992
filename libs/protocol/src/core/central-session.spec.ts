import { beforeEach, describe, expect, test } from '@jest/globals';
import { CentralSession } from './central-session.ts';
import type { CentralEffect, CentralSessionSettings } from './central-session-types.ts';
import { emptyInventory } from './empty-inventory.ts';
import type { AgentMessage, HeldState, Hello, StateAck } from './generated/messages.ts';
import {
  clusterUid,
  Desired,
  envelopeOf,
  helloFacts,
  only,
  treeOf,
} from './session.test-support.ts';

const settings: CentralSessionSettings = {
  clusterUid,
  stateEpoch: 1,
  heartbeatIntervalMs: 15_000,
  inventoryIntervalMs: 60_000,
  backoffBaseMs: 500,
  backoffCapMs: 8_000,
  maxChunkBytes: 128,
  timeIntervalMs: 300_000,
  epochRaise: null,
};

let desired: Desired;
let session: CentralSession;
let at = 0;

function reset(): void {
  desired = new Desired();
  desired.commit({ 'BINDING/a': '1', 'BINDING/b': '2' });
  at = 0;
  open();
}

function open(more: Partial<CentralSessionSettings> = {}): void {
  session = new CentralSession(
    {
      desired: () => desired.state(),
      signRevocation: (revision, revoked) => envelopeOf('revoke', { revision, revoked }),
      signTime: (now) => envelopeOf('central-time', { now }),
      signOrder: (order) => envelopeOf('command', order),
      signCredentialOrder: (order) => envelopeOf('credential', order),
    },
    { ...settings, ...more },
    at,
  );
}

function hello(held: HeldState | null, more: Partial<Hello> = {}): CentralEffect[] {
  const value: Hello = {
    ...helloFacts,
    protocolMin: 1,
    protocolMax: 1,
    clusterUid,
    held,
    ...more,
  };
  return session.handle({ on: 'admitted', at, wallClock: at, hello: value, sessionEpoch: 3 });
}

const held = (more: Partial<HeldState> = {}): HeldState => ({
  stateEpoch: 1,
  revision: desired.revision,
  root: desired.tree.root,
  stale: false,
  manifest: null,
  lineage: new Uint8Array(),
  ...more,
});

const receive = (message: AgentMessage): CentralEffect[] =>
  session.handle({ on: 'message', at, wallClock: at, message });

function ack(nonce: number, more: Partial<StateAck> = {}): CentralEffect[] {
  const { revision } = desired;
  const stateAck = { nonce, revision, root: desired.tree.root, report: null, ...more };
  return receive({ message: 'stateAck', stateAck: { phase: 'PHASE_ACCEPTED', ...stateAck } });
}

function nack(nonce: number, code = 'root_mismatch'): CentralEffect[] {
  const stateNack = {
    nonce,
    code,
    offeredRevision: 0,
    heldRevision: 0,
    heldRoot: new Uint8Array(),
    message: 'no',
    items: [],
  };
  return receive({ message: 'stateNack', stateNack });
}

const change = (keys: readonly string[]): CentralEffect[] =>
  session.handle({ on: 'changed', at, keys });

const states = (effects: readonly CentralEffect[]): string[] =>
  only(effects, 'sendState').map(({ mode, revision }) => `${mode} ${revision}`);

const sent = (effects: readonly CentralEffect[]): (string | undefined)[] =>
  only(effects, 'send').map(({ message }) => message.message);

/** A session whose agent holds the newest state. */
function current(): void {
  hello(held());
  ack(1);
}

beforeEach(reset);

describe('an agent of the first release', () => {
  test('is not sent a section that would make it refuse the whole state, and is told of once', () => {
    desired.commit({ 'LATER/a': '1' });
    const outdated = { do: 'refused', code: 'agent_outdated', items: ['LATER'] };
    expect(only(hello(null), 'refused')).toMatchObject([outdated]);
    at += 10_000;
    expect(session.handle({ on: 'tick', at, wallClock: at })).toEqual([]);
    expect(change(desired.commit({ 'BINDING/c': '3' }))).toMatchObject([outdated]);
    expect(states(change(desired.commit({}, ['LATER/a'])))).toEqual([`full ${desired.revision}`]);
  });

  test.each(['skips_unknown', 'compact'])('and one that says %s gets it', (capability) => {
    desired.commit({ 'LATER/a': '1' });
    expect(states(hello(null, { capabilities: [capability] }))).toEqual([
      `full ${desired.revision}`,
    ]);
  });
});

describe('Hello', () => {
  test('of an agent that holds nothing is answered with everything, after a Welcome with all intervals', () => {
    const effects = hello(null);
    expect(only(effects, 'send')[0]?.message).toMatchObject({
      message: 'welcome',
      welcome: { sessionEpoch: 3, protocol: 1, heartbeatIntervalMs: 15_000, backoffCapMs: 8_000 },
    });
    expect(states(effects)).toEqual([`full ${desired.revision}`]);
  });

  test('protocol edge 3: of a current agent costs no object', () => {
    const [state] = only(hello(held()), 'sendState');
    expect(state).toMatchObject({ mode: 'up_to_date', entries: 0 });
    expect([...(state?.messages ?? [])].map(({ message }) => message)).toEqual(['upToDate']);
  });

  test('protocol edge 3: with a root that is not known is answered with everything, not trusted', () => {
    expect(states(hello(held({ root: treeOf({ 'BINDING/x': 'x' }).root })))).toEqual(['full 2']);
    reset();
    expect(states(hello(held({ stale: true })))).toEqual(['full 2']);
  });

  test('protocol edge 2: with a known root gets what changed since, removals included', () => {
    const before = held();
    desired.commit({ 'BINDING/c': '3' });
    desired.commit({}, ['BINDING/a']);
    const [state] = only(hello(before), 'sendState');
    expect(state).toMatchObject({ mode: 'delta', revision: 4 });
    const messages = [...(state?.messages ?? [])];
    expect(
      messages.flatMap((each) => (each.message === 'stateChunk' ? [each.stateChunk] : [])),
    ).toMatchObject([
      { removed: ['BINDING/a'], entries: [] },
      { removed: [], entries: [{ key: 'BINDING/c' }] },
    ]);
  });

  test('protocol edge 2: with a root older than the kept history is answered with everything', () => {
    const before = held();
    for (let i = 0; i < 70; i++) desired.commit({ 'BINDING/a': `${i}` });
    expect(states(hello(before))).toEqual(['full 72']);
  });

  test('protocol edge 8: of an agent that is ahead is refused, and works again in a raised epoch', () => {
    expect(only(hello(held({ revision: 99 })), 'close')).toMatchObject([{ reason: 'state_ahead' }]);
    open();
    expect(only(hello(held({ stateEpoch: 2 })), 'close')).toMatchObject([
      { reason: 'state_ahead' },
    ]);
    open({ stateEpoch: 2 });
    expect(states(hello(held({ revision: 99 })))).toEqual(['up_to_date 2']);
  });

  test('case 31: naming a cluster whose uid only begins like ours is refused', () => {
    for (const uid of ['cluster-10', 'cluster-', 'Cluster-1', ' cluster-1', 'cluster-1 ', '']) {
      open();
      expect(only(hello(held(), { clusterUid: uid }), 'close')).toMatchObject([
        { reason: 'wrong_cluster' },
      ]);
    }
  });

  test('of another protocol, or a second one, ends the stream', () => {
    expect(only(hello(null, { protocolMin: 2, protocolMax: 3 }), 'close')).toHaveLength(1);
    open();
    hello(null);
    expect(only(hello(null), 'close')).toMatchObject([{ reason: 'protocol_error' }]);
    open();
    expect(only(nack(1), 'close')).toMatchObject([{ reason: 'protocol_error' }]);
  });
});

describe('changes', () => {
  test('leave at once when nothing is in flight', () => {
    current();
    const keys = desired.commit({ 'BINDING/c': '3' });
    expect(states(change(keys))).toEqual(['delta 3']);
  });

  test('case 10: merge behind a state in flight, and the next one jumps to the newest revision', () => {
    hello(null);
    const inFlight = { revision: desired.revision, root: desired.tree.root };
    expect(change(desired.commit({ 'BINDING/c': '3' }))).toEqual([]);
    expect(change(desired.commit({ 'BINDING/d': '4' }, ['BINDING/c']))).toEqual([]);
    const effects = ack(1, inFlight);
    expect(only(effects, 'accepted')).toMatchObject([{ revision: 2 }]);
    const [state] = only(effects, 'sendState');
    expect(state).toMatchObject({ mode: 'delta', revision: 4, entries: 1 });
  });

  test('that leave the root as it was still bring a manifest', () => {
    current();
    desired.commit({});
    expect(states(change([]))).toEqual(['up_to_date 3']);
  });

  test('protocol edge 5: a revocation overtakes a state in flight, and needs no overtaking otherwise', () => {
    hello(null);
    const revoked = [{ key: 'BINDING/a', subject: 'ambit:ann' }];
    const keys = desired.commit({}, ['BINDING/a']);
    const effects = session.handle({ on: 'revoked', at, keys, revoked });
    expect(sent(effects)).toEqual(['revoke']);
    expect(only(effects, 'send')[0]?.message).toMatchObject({ revoke: { nonce: 2 } });
    reset();
    current();
    const direct = session.handle({
      on: 'revoked',
      at,
      keys: desired.commit({}, ['BINDING/a']),
      revoked,
    });
    expect(sent(direct)).toEqual([]);
    expect(states(direct)).toEqual(['delta 3']);
  });

  test('protocol edge 4: acknowledgements of old nonces and after Superseded change nothing', () => {
    current();
    change(desired.commit({ 'BINDING/c': '3' }));
    expect(ack(1)).toEqual([]);
    expect(nack(1)).toEqual([]);
    expect(ack(99)).toEqual([]);
    expect(states(change(desired.commit({ 'BINDING/d': '4' })))).toEqual([]);
    session.handle({ on: 'superseded', newerSessionEpoch: 4 });
    expect(ack(2)).toEqual([]);
    expect(change(['BINDING/a'])).toEqual([]);
  });

  test('an acknowledged root that is not the one that was sent counts as a mismatch', () => {
    hello(null);
    const effects = ack(1, { root: treeOf({}).root });
    expect(only(effects, 'refused')).toMatchObject([{ code: 'root_mismatch' }]);
    expect(states(effects)).toEqual(['full 2']);
  });
});

describe('refused states', () => {
  test('a mismatch of a delta is answered with everything', () => {
    current();
    change(desired.commit({ 'BINDING/c': '3' }));
    expect(states(nack(2))).toEqual(['full 3']);
    expect(only(ack(3), 'accepted')).toHaveLength(1);
    expect(states(change(desired.commit({ 'BINDING/d': '4' })))).toEqual(['delta 4']);
  });

  test('protocol edge 1: a failing step is tried three times, then once a minute', () => {
    const tries: number[] = [];
    const watch = (effects: readonly CentralEffect[]): void => {
      for (const state of only(effects, 'sendState')) {
        tries.push(at);
        const [begin] = state.messages;
        if (begin?.message === 'stateBegin') watch(nack(begin.stateBegin.nonce));
      }
    };
    watch(hello(null));
    expect(tries).toEqual([0, 0, 0]);
    for (at = 1_000; at < 200_000; at += 1_000) {
      watch(session.handle({ on: 'tick', at, wallClock: at }));
      receive({ message: 'heartbeat', heartbeat: { sequence: 1, wallClock: 0, monotonic: 0 } });
      if (at % 10_000 === 0) watch(change(desired.commit({ 'BINDING/a': `${at}` })));
    }
    expect(tries.slice(3)).toEqual([60_000, 120_000, 180_000]);
  });

  test('while a step waits for its minute, revocations still go out at once', () => {
    hello(null);
    for (const nonce of [1, 2, 3]) nack(nonce, 'storage_full');
    const revoked = [{ key: '', subject: 'ambit:ann' }];
    const effects = session.handle({ on: 'revoked', at, keys: ['BINDING/a'], revoked });
    expect(sent(effects)).toEqual(['revoke']);
  });

  test('keys of a refused delta are not lost', () => {
    current();
    change(desired.commit({ 'BINDING/c': '3' }));
    const [state] = only(nack(2, 'storage_full'), 'sendState');
    expect(state).toMatchObject({ mode: 'delta', entries: 1 });
  });
});

describe('the stream', () => {
  test('case 40: an agent that is silent for three heartbeats is closed', () => {
    hello(null);
    const tick = (): CentralEffect[] => session.handle({ on: 'tick', at, wallClock: at });
    at = 45_000;
    expect(only(tick(), 'close')).toEqual([]);
    at = 45_001;
    expect(only(tick(), 'close')).toMatchObject([{ reason: 'heartbeat_missed' }]);
    expect(session.phase).toBe('closed');
  });

  test('protocol edge 10: of two streams with one identity the older one is told and answers no more', () => {
    hello(null);
    const effects = session.handle({ on: 'superseded', newerSessionEpoch: 4 });
    expect(sent(effects)).toEqual(['superseded']);
    expect(only(effects, 'close')).toMatchObject([{ reason: 'superseded' }]);
    const status = {
      appliedRevision: 1,
      objects: 0,
      driftRepairs: 0,
      spoolEpoch: '',
      spooledSequence: 0,
      ceilingDigest: '',
      ceilingJson: '',
      conditions: [],
      report: null,
    };
    expect(receive({ message: 'status', status })).toEqual([]);
  });

  test('answers heartbeats, passes facts on, sends the time every five minutes', () => {
    hello(held());
    const heartbeat = { sequence: 4, wallClock: 1, monotonic: 1 };
    expect(only(receive({ message: 'heartbeat', heartbeat }), 'send')).toMatchObject([
      { message: { heartbeatAck: { sequence: 4 } } },
    ]);
    const inventory = { ...emptyInventory, complete: true };
    expect(receive({ message: 'inventory', inventory })).toEqual([{ do: 'inventory', inventory }]);
    expect(receive({ message: 'revokeAck', revokeAck: { nonce: 1, revision: 2 } })).toEqual([
      { do: 'revokeAcknowledged', revision: 2 },
    ]);
    expect(receive({})).toEqual([{ do: 'ignored' }]);
    at = 300_000;
    receive({});
    expect(sent(session.handle({ on: 'tick', at, wallClock: at }))).toEqual(['centralTime']);
    expect(
      only(receive({ message: 'goodbye', goodbye: { reason: 'stop' } }), 'close'),
    ).toHaveLength(1);
  });

  test('APPLIED counts for what was accepted on this stream only', () => {
    hello(held());
    const report = {
      created: 0,
      updated: 0,
      deleted: 0,
      unchanged: 2,
      durationMs: 1,
      problems: [],
      moreProblems: 0,
      heldRemovals: 0,
      heldGains: 0,
    };
    const applied = (nonce: number, revision = 2): CentralEffect[] =>
      ack(nonce, { phase: 'PHASE_APPLIED', report, revision });
    expect(applied(1)).toEqual([]);
    ack(1);
    expect(applied(1)).toMatchObject([{ do: 'applied', revision: 2 }]);
    expect(applied(1, 9)).toEqual([]);
    expect(applied(5)).toEqual([]);
  });

  test('a drain goes out as it is', () => {
    const drain = { minWaitMs: 0, maxWaitMs: 9, reason: 'shutdown' };
    expect(sent(session.handle({ on: 'drain', ...drain }))).toEqual(['drain']);
  });
});
