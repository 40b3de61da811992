import { describe, expect, test } from '@jest/globals';
import { AgentSession } from './agent-session.ts';
import type { AgentEffect, AgentMemory } from './agent-session-types.ts';
import { agentCapabilities } from './capabilities.ts';
import { CentralSession } from './central-session.ts';
import type {
  CentralMessage,
  HeldState,
  SignedEnvelope,
  StateDelta,
} from './generated/messages.ts';
import {
  agentPorts,
  bytesOf,
  clusterUid,
  Desired,
  emptyMemory,
  envelopeOf,
  heldTree,
  helloFacts,
  manifestOf,
  only,
  sentBy,
  treeOf,
} from './session.test-support.ts';

const tree = treeOf({ 'CONFIG/cluster': 'c', 'BINDING/a': '1' });
const envelope = envelopeOf('manifest', manifestOf(tree, 5));
const welcome: CentralMessage = {
  message: 'welcome',
  welcome: {
    sessionEpoch: 7,
    protocol: 1,
    serverTime: 0,
    heartbeatIntervalMs: 10_000,
    maxChunkBytes: 1_024,
    backoffBaseMs: 500,
    backoffCapMs: 20_000,
    inventoryIntervalMs: 60_000,
    centralTime: null,
    epochRaise: null,
  },
};

const memory = (stale = false): AgentMemory =>
  emptyMemory({ held: heldTree(tree, 5, { envelope, stale }) });

const receive = (session: AgentSession, message: CentralMessage): AgentEffect[] =>
  session.handle({ on: 'message', at: 0, message });

function live(start = memory()): AgentSession {
  const session = new AgentSession(agentPorts, start);
  session.handle({ on: 'opened', at: 0, hello: helloFacts });
  receive(session, welcome);
  return session;
}

/** What the next Hello proves its state with. */
function proofOf(session: AgentSession): SignedEnvelope | null | undefined {
  const [message] = sentBy(session.handle({ on: 'opened', at: 0, hello: helloFacts }));
  return message?.message === 'hello' ? message.hello.held?.manifest : undefined;
}

describe('the proof in a Hello', () => {
  test('is brought at first, and left out once central has taken a stream', () => {
    const session = new AgentSession(agentPorts, memory());
    expect(proofOf(session)).toBe(envelope);
    receive(session, welcome);
    session.handle({ on: 'closed', code: 'server_unreachable' });
    expect(proofOf(session)).toBeNull();
    session.handle({ on: 'closed', code: 'server_unreachable' });
    expect(proofOf(session)).toBeNull();
  });

  test.each(['state_ahead', 'certificate_revoked'])('is brought after %s, until taken', (code) => {
    const session = live();
    session.handle({ on: 'closed', code });
    expect(proofOf(session)).toBe(envelope);
    session.handle({ on: 'closed', code: 'server_unreachable' });
    expect(proofOf(session)).toBe(envelope);
    receive(session, welcome);
    session.handle({ on: 'closed' });
    expect(proofOf(session)).toBeNull();
  });
});

const unchanged = (nonce: number): CentralMessage => ({
  message: 'upToDate',
  upToDate: { nonce, manifest: null },
});

const nacked = (effects: readonly AgentEffect[]): string[] =>
  sentBy(effects).flatMap((each) =>
    each.message === 'stateNack' ? [`${each.stateNack.nonce} ${each.stateNack.code}`] : [],
  );

describe('UpToDate without a manifest', () => {
  test('is acknowledged by who holds a state, and changes nothing of it', () => {
    const session = live();
    const before = session.memory;
    expect(receive(session, unchanged(1))).toMatchObject([
      { do: 'send', message: { stateAck: { nonce: 1, revision: 5, phase: 'PHASE_ACCEPTED' } } },
    ]);
    expect(session.memory).toBe(before);
    expect(receive(session, unchanged(1))).toEqual([]);
  });

  test('is refused by who holds none, not all of it, or writes another one', () => {
    expect(nacked(receive(live(emptyMemory()), unchanged(1)))).toEqual(['1 base_mismatch']);
    expect(nacked(receive(live(memory(true)), unchanged(1)))).toEqual(['1 base_mismatch']);
    const writing = live();
    receive(writing, { message: 'stateDelta', stateDelta: delta(1) });
    writing.handle({ on: 'closed' });
    writing.handle({ on: 'opened', at: 0, hello: helloFacts });
    receive(writing, welcome);
    expect(nacked(receive(writing, unchanged(1)))).toEqual(['1 base_mismatch']);
  });

  test('with a nonce beyond all numbers closes the way for no later one', () => {
    const session = live();
    expect(nacked(receive(session, unchanged(2 ** 50)))).toEqual([`${2 ** 50} out_of_range`]);
    expect(sentBy(receive(session, unchanged(1)))).toHaveLength(1);
  });
});

function delta(nonce: number, more: Partial<StateDelta['begin']> = {}): StateDelta {
  const after = tree.with({ remove: ['BINDING/a'], put: [['BINDING/b', bytesOf('2')]] });
  return {
    begin: {
      nonce,
      manifest: envelopeOf('manifest', manifestOf(after, 6)),
      mode: 'MODE_DELTA',
      baseRevision: 5,
      baseRoot: tree.root,
      chunks: 1,
      bytes: 1,
      ...more,
    },
    removed: ['BINDING/a'],
    entries: [{ key: 'BINDING/b', body: bytesOf('2') }],
  };
}

describe('a delta in one message', () => {
  const offer = (session: AgentSession, stateDelta: StateDelta): AgentEffect[] =>
    receive(session, { message: 'stateDelta', stateDelta });

  test('is verified whole, saved, and only then handed over and acknowledged', () => {
    const session = live();
    const effects = offer(session, delta(1));
    expect(effects).toMatchObject([
      { do: 'saveState', change: { removed: ['BINDING/a'], entries: [{ key: 'BINDING/b' }] } },
    ]);
    const [save] = only(effects, 'saveState');
    const after = session.handle({ on: 'stateSaved', saveId: save?.saveId ?? 0 });
    expect(after.map((effect) => effect.do)).toEqual(['accept', 'send']);
    expect(session.memory.held?.revision).toBe(6);
  });

  test('is refused as the three that it stands for are', () => {
    expect(nacked(offer(live(), delta(1, { baseRoot: bytesOf('x') })))).toEqual([
      '1 base_mismatch',
    ]);
    expect(nacked(offer(live(), { ...delta(1), entries: [] }))).toEqual(['1 root_mismatch']);
    expect(nacked(offer(live(), delta(1, { chunks: 2 })))).toEqual(['1 malformed']);
    const older = envelopeOf('manifest', manifestOf(tree, 4));
    expect(nacked(offer(live(), delta(1, { manifest: older })))).toEqual(['1 rollback']);
    const unknown = envelopeOf('manifest', manifestOf(tree, 6), 'unknown');
    expect(nacked(offer(live(), delta(1, { manifest: unknown })))).toEqual(['1 unknown_key']);
    const twice = { ...delta(1), removed: ['BINDING/b'] };
    expect(nacked(offer(live(), twice))).toEqual(['1 duplicate_key']);
  });

  test('is left alone when it is a repetition or has no beginning, and ends a stream that is busy', () => {
    const session = live();
    expect(offer(session, { ...delta(1), begin: null })).toEqual([]);
    offer(session, delta(1));
    expect(only(offer(session, delta(2)), 'close')).toMatchObject([{ reason: 'protocol_error' }]);
  });
});

describe('towards the agent of a Hello', () => {
  /** Whether the first word on its state brings a manifest. */
  function bringsManifest(more: Partial<HeldState>, capabilities = agentCapabilities): boolean {
    const desired = new Desired();
    desired.lineage = bytesOf('lineage');
    desired.commit({ 'BINDING/a': '1' });
    const session = new CentralSession(
      {
        desired: () => desired.state(),
        signRevocation: () => envelopeOf('revoke', {}),
        signTime: (now) => envelopeOf('central-time', { now }),
        signOrder: (order) => envelopeOf('command', order),
        signCredentialOrder: (order) => envelopeOf('credential', order),
      },
      {
        clusterUid,
        stateEpoch: 1,
        heartbeatIntervalMs: 15_000,
        inventoryIntervalMs: 60_000,
        backoffBaseMs: 500,
        backoffCapMs: 8_000,
        maxChunkBytes: 128,
        timeIntervalMs: 300_000,
        epochRaise: null,
      },
      0,
    );
    const { revision, lineage } = desired;
    const { root } = desired.tree;
    const held = { stateEpoch: 1, revision, root, stale: false, manifest: null, lineage, ...more };
    const hello = {
      ...helloFacts,
      capabilities: [...capabilities],
      protocolMin: 1,
      protocolMax: 1,
      clusterUid,
      held,
    };
    const at = { at: 0, wallClock: 0 };
    const effects = session.handle({ on: 'admitted', ...at, hello, sessionEpoch: 1 });
    const [message] = only(effects, 'sendState').flatMap(({ messages }) => [...messages]);
    if (message?.message === 'upToDate') return message.upToDate.manifest !== null;
    return message?.message === 'stateBegin';
  }

  test('that holds this very state nothing is signed', () => {
    expect(bringsManifest({})).toBe(false);
  });

  test('everybody else gets a manifest', () => {
    expect(bringsManifest({}, ['skips_unknown'])).toBe(true);
    expect(bringsManifest({ revision: 1 })).toBe(true);
    expect(bringsManifest({ lineage: bytesOf('another') })).toBe(true);
    expect(bringsManifest({ lineage: new Uint8Array() })).toBe(true);
    expect(bringsManifest({ stateEpoch: 0 })).toBe(true);
    expect(bringsManifest({ stale: true })).toBe(true);
  });
});
