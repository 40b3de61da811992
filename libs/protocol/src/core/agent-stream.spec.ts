import { describe, expect, test } from '@jest/globals';
import { AgentSession } from './agent-session.ts';
import type { AgentEffect, AgentMemory } from './agent-session-types.ts';
import type { ApplyReport, CentralMessage, Revocation, Welcome } from './generated/messages.ts';
import {
  agentPorts,
  bytesOf,
  clusterUid,
  emptyMemory,
  envelopeOf,
  heldTree,
  helloFacts,
  installationUid,
  manifestOf,
  only,
  sentBy,
  treeOf,
} from './session.test-support.ts';

const welcome: Welcome = {
  sessionEpoch: 7,
  protocol: 1,
  serverTime: 0,
  heartbeatIntervalMs: 10_000,
  maxChunkBytes: 1024,
  backoffBaseMs: 500,
  backoffCapMs: 20_000,
  inventoryIntervalMs: 60_000,
  centralTime: null,
  epochRaise: null,
};

const tree = treeOf({ 'BINDING/a': '1' });
const memory = (more: Partial<AgentMemory> = {}): AgentMemory =>
  emptyMemory({ held: heldTree(tree, 5), ...more });

function opened(start: AgentMemory = memory()): AgentSession {
  const session = new AgentSession(agentPorts, start);
  session.handle({ on: 'opened', at: 0, hello: helloFacts });
  return session;
}

function receive(session: AgentSession, message: CentralMessage, at = 0): AgentEffect[] {
  return session.handle({ on: 'message', at, message });
}

function live(start?: AgentMemory): AgentSession {
  const session = opened(start);
  receive(session, { message: 'welcome', welcome });
  return session;
}

const revocation = (more: Partial<Revocation> = {}): Revocation => ({
  installationUid,
  clusterUid,
  stateEpoch: 1,
  revision: 6,
  revoked: [{ key: 'BINDING/a', subject: 'ambit:ann' }],
  ...more,
});

const revoke = (value: Revocation, nonce: number, key = 'good'): CentralMessage => ({
  message: 'revoke',
  revoke: { nonce, envelope: envelopeOf('revoke', value, key) },
});

const upToDate = (revision: number, nonce: number): CentralMessage => ({
  message: 'upToDate',
  upToDate: { nonce, manifest: envelopeOf('manifest', manifestOf(tree, revision)) },
});

function saveAll(session: AgentSession, effects: readonly AgentEffect[]): AgentEffect[] {
  return effects.flatMap((effect) => {
    if (effect.do === 'saveState') {
      return session.handle({ on: 'stateSaved', saveId: effect.saveId });
    }
    if (effect.do === 'saveRevocation') {
      return session.handle({ on: 'revocationSaved', saveId: effect.saveId });
    }
    return [];
  });
}

describe('a revocation', () => {
  test('protocol edge 5: masks at once and until a state of its revision is accepted', () => {
    const session = live();
    const effects = receive(session, revoke(revocation(), 1));
    expect(effects.map((effect) => effect.do)).toEqual(['mask', 'saveRevocation']);
    expect(only(effects, 'mask')[0]?.masks).toEqual([revocation()]);
    expect(sentBy(saveAll(session, effects))).toEqual([
      { message: 'revokeAck', revokeAck: { nonce: 1, revision: 6 } },
    ]);
    const older = saveAll(session, receive(session, upToDate(5, 2)));
    expect(only(older, 'mask')).toEqual([]);
    expect(session.memory.masks).toHaveLength(1);
    const newer = saveAll(session, receive(session, upToDate(6, 3)));
    expect(only(newer, 'mask')).toEqual([{ do: 'mask', masks: [] }]);
  });

  test('survives the stream', () => {
    const session = live();
    saveAll(session, receive(session, revoke(revocation(), 1)));
    const unsaved = receive(session, revoke(revocation({ revision: 7 }), 2));
    session.handle({ on: 'closed' });
    expect(session.memory.masks).toHaveLength(2);
    session.handle({ on: 'opened', at: 0, hello: helloFacts });
    // Its nonce means nothing on the next stream.
    expect(saveAll(session, unsaved)).toEqual([]);
    receive(session, { message: 'welcome', welcome });
    expect(session.memory.masks).toHaveLength(2);
  });

  test('protocol edge 7: a replayed one masks nothing', () => {
    const session = live();
    const old = receive(session, revoke(revocation({ revision: 5 }), 1));
    expect(old.map((effect) => effect.do)).toEqual(['send']);
    receive(session, revoke(revocation(), 2));
    expect(receive(session, revoke(revocation(), 2))).toEqual([]);
    expect(session.memory.masks).toHaveLength(1);
  });

  test('is believed only with a good signature and for this cluster', () => {
    const forged: [Revocation, string, string][] = [
      [revocation(), 'bad', 'bad_signature'],
      [revocation(), 'unknown', 'unknown_key'],
      [revocation({ clusterUid: 'cluster-2' }), 'good', 'wrong_cluster'],
      [revocation({ installationUid: 'other' }), 'good', 'wrong_cluster'],
      [revocation({ stateEpoch: 2 }), 'good', 'rollback'],
    ];
    for (const [value, key, code] of forged) {
      const session = live();
      const effects = receive(session, revoke(value, 1, key));
      expect(effects).toMatchObject([{ do: 'refused', what: 'revoke', code }]);
      expect(session.memory.masks).toEqual([]);
    }
  });
});

describe('central time', () => {
  const time = (now: number, more: object = {}): CentralMessage => ({
    message: 'centralTime',
    centralTime: {
      envelope: envelopeOf('central-time', { installationUid, stateEpoch: 1, now, ...more }),
    },
  });

  test('is handed to the clock when it is of this installation and epoch', () => {
    const session = live();
    expect(receive(session, time(1_000))).toEqual([{ do: 'heardTime', now: 1_000 }]);
    expect(receive(session, time(2_000, { installationUid: 'other' }))).toEqual([]);
    expect(receive(session, time(2_000, { stateEpoch: 2 }))).toEqual([]);
  });

  test('is of an epoch that was raised before it', () => {
    const session = opened();
    const raise = { installationUid, stateEpoch: 2 };
    const effects = receive(session, {
      message: 'welcome',
      welcome: {
        ...welcome,
        epochRaise: envelopeOf('epoch', raise),
        centralTime: {
          envelope: envelopeOf('central-time', { installationUid, stateEpoch: 2, now: 4_000 }),
        },
      },
    });
    expect(only(effects, 'saveEpoch')).toEqual([{ do: 'saveEpoch', stateEpoch: 2 }]);
    expect(only(effects, 'heardTime')).toEqual([{ do: 'heardTime', now: 4_000 }]);
    const forged = receive(opened(), {
      message: 'welcome',
      welcome: { ...welcome, epochRaise: envelopeOf('epoch', raise, 'bad') },
    });
    expect(only(forged, 'refused')).toMatchObject([{ what: 'epoch', code: 'bad_signature' }]);
  });
});

describe('the stream', () => {
  test('case 40: three missed heartbeats close it, whatever the connection says', () => {
    const session = live();
    const beats: number[] = [];
    let closedAt = 0;
    for (let at = 1_000; closedAt === 0 && at < 100_000; at += 1_000) {
      const effects = session.handle({ on: 'tick', at, wallClock: at });
      if (sentBy(effects).some(({ message }) => message === 'heartbeat')) beats.push(at);
      if (only(effects, 'close').length > 0) closedAt = at;
    }
    expect(beats).toEqual([10_000, 20_000, 30_000]);
    expect(closedAt).toBe(31_000);
  });

  test('stays while central answers', () => {
    const session = live();
    for (let at = 5_000; at < 200_000; at += 5_000) {
      const effects = session.handle({ on: 'tick', at, wallClock: at });
      expect(only(effects, 'close')).toEqual([]);
      const heartbeatAck = { sequence: 1, serverTime: at };
      receive(session, { message: 'heartbeatAck', heartbeatAck }, at);
    }
  });

  test('that gets no Welcome is closed as well', () => {
    const effects = opened().handle({ on: 'tick', at: 46_000, wallClock: 0 });
    expect(only(effects, 'close')).toMatchObject([{ reason: 'heartbeat_missed' }]);
  });

  test('case 41: a superseded agent waits a minute', () => {
    const session = live();
    const effects = receive(session, {
      message: 'superseded',
      superseded: { newerSessionEpoch: 8 },
    });
    expect(effects).toMatchObject([
      { do: 'close', reason: 'superseded', retry: { kind: 'after', ms: 60_000 } },
    ]);
    expect(receive(session, upToDate(9, 9))).toEqual([]);
  });

  test('a drain names the window for the next dial', () => {
    const drain = { minWaitMs: 100, maxWaitMs: 5_000, reason: 'shutdown' };
    expect(receive(live(), { message: 'drain', drain })).toMatchObject([
      { do: 'close', reason: 'drained', retry: { kind: 'window', minMs: 100, maxMs: 5_000 } },
    ]);
  });

  test('central chooses the intervals', () => {
    const effects = receive(opened(), { message: 'welcome', welcome });
    expect(only(effects, 'settings')[0]?.settings).toEqual({
      sessionEpoch: 7,
      heartbeatIntervalMs: 10_000,
      backoffBaseMs: 500,
      backoffCapMs: 20_000,
      inventoryIntervalMs: 60_000,
    });
  });

  test('words before Welcome, a second Welcome and another protocol end it', () => {
    expect(only(receive(opened(), upToDate(6, 1)), 'close')).toMatchObject([
      { reason: 'protocol_error' },
    ]);
    expect(only(receive(live(), { message: 'welcome', welcome }), 'close')).toMatchObject([
      { reason: 'protocol_error' },
    ]);
    const newer = { ...welcome, protocol: 2 };
    expect(only(receive(opened(), { message: 'welcome', welcome: newer }), 'close')).toMatchObject([
      { reason: 'unsupported_protocol' },
    ]);
  });

  test('what a newer central says and this agent does not know is left alone, and told', () => {
    const session = live();
    expect(receive(session, {} as CentralMessage)).toEqual([{ do: 'ignored', what: 'message' }]);
    expect(session.live).toBe(true);
    const heartbeatAck = { sequence: 1, serverTime: 0 };
    expect(receive(session, { message: 'heartbeatAck', heartbeatAck })).toEqual([]);
  });
});

describe('what was applied', () => {
  const report: ApplyReport = {
    created: 1,
    updated: 0,
    deleted: 0,
    unchanged: 0,
    durationMs: 3,
    problems: [],
    moreProblems: 0,
    heldRemovals: 0,
    heldGains: 0,
  };
  const applied = (session: AgentSession, revision: number): AgentEffect[] =>
    session.handle({ on: 'applied', revision, report });

  test('is told for the accepted revision of this stream, and for no other', () => {
    const session = live();
    expect(applied(session, 5)).toEqual([]);
    saveAll(session, receive(session, upToDate(6, 1)));
    expect(applied(session, 5)).toEqual([]);
    expect(sentBy(applied(session, 6))).toMatchObject([
      { stateAck: { nonce: 1, revision: 6, phase: 'PHASE_APPLIED', report } },
    ]);
    session.handle({ on: 'closed' });
    expect(applied(session, 6)).toEqual([]);
  });

  test('the body of an entry over the limit is refused', () => {
    const session = live();
    const body = new Uint8Array(64 * 1024 + 1);
    const big = treeOf({ 'BINDING/a': '1' }).with({ put: [['BINDING/b', body]] });
    const begin = {
      nonce: 1,
      manifest: envelopeOf('manifest', manifestOf(big, 6)),
      mode: 'MODE_FULL',
      baseRevision: 0,
      baseRoot: bytesOf(''),
      chunks: 1,
      bytes: body.length,
    } as const;
    receive(session, { message: 'stateBegin', stateBegin: begin });
    const entries = [{ key: 'BINDING/b', body }];
    const effects = receive(session, {
      message: 'stateChunk',
      stateChunk: { nonce: 1, index: 0, removed: [], entries },
    });
    expect(sentBy(effects)).toMatchObject([{ stateNack: { code: 'too_large' } }]);
    const huge = { ...begin, nonce: 2, bytes: 65 * 1024 * 1024 };
    const refused = receive(session, { message: 'stateBegin', stateBegin: huge });
    expect(sentBy(refused)).toMatchObject([{ stateNack: { code: 'too_large' } }]);
  });
});
