import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AgentSession } from './agent-session.ts';
import type { AgentEffect, AgentMemory } from './agent-session-types.ts';
import type { CentralMessage, Manifest, Welcome } from './generated/messages.ts';
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
import { comparePoints, contains, refusalOfNumbers } from './state-point.ts';

const tree = treeOf({ 'BINDING/a': '1' });
const other = treeOf({ 'BINDING/a': '2' });
const point = fc.record({
  stateEpoch: fc.integer({ min: 1, max: 5 }),
  revision: fc.integer({ min: 1, max: 200 }),
});

function live(memory: AgentMemory): AgentSession {
  const session = new AgentSession(agentPorts, memory);
  open(session);
  return session;
}

function open(session: AgentSession): void {
  session.handle({ on: 'opened', at: 0, hello: helloFacts });
  const welcome = { protocol: 1, centralTime: null, epochRaise: null } as unknown as Welcome;
  receive(session, { message: 'welcome', welcome });
}

function receive(session: AgentSession, message: CentralMessage): AgentEffect[] {
  return session.handle({ on: 'message', at: 0, message });
}

function offer(session: AgentSession, manifest: Manifest, nonce = 1): AgentEffect[] {
  const envelope = envelopeOf('manifest', manifest);
  return receive(session, { message: 'upToDate', upToDate: { nonce, manifest: envelope } });
}

const codes = (effects: readonly AgentEffect[]): string[] =>
  only(effects, 'refused').map(({ code }) => code);

describe('points', () => {
  test('epochs come first, revisions within them; each point is contained from itself on', () => {
    expect(contains({ stateEpoch: 1, revision: 100 }, { stateEpoch: 2, revision: 51 })).toBe(false);
    expect(contains({ stateEpoch: 2, revision: 1 }, { stateEpoch: 1, revision: 100 })).toBe(true);
    fc.assert(
      fc.property(point, point, point, (a, b, c) => {
        expect(contains(a, a)).toBe(true);
        expect(contains(a, b) || contains(b, a)).toBe(true);
        if (contains(a, b) && contains(b, c)) expect(contains(a, c)).toBe(true);
        expect(comparePoints(a, b) + comparePoints(b, a)).toBe(0);
      }),
    );
  });

  test('nothing and a stale state contain nothing', () => {
    const at = { stateEpoch: 1, revision: 1 };
    expect(contains(undefined, at)).toBe(false);
    expect(contains({ stateEpoch: 9, revision: 9, stale: true }, at)).toBe(false);
  });

  test('numbers that leave no room above them are refused', () => {
    for (const revision of [2 ** 48 + 1, 2 ** 53 - 1, 2 ** 53, 2 ** 64, -1, Number.NaN]) {
      expect(refusalOfNumbers({ revision })?.code).toBe('out_of_range');
      expect(refusalOfNumbers({ explainedFrom: revision })?.code).toBe('out_of_range');
    }
    expect(refusalOfNumbers({ revision: 2 ** 40, stateEpoch: 12, nonce: 7 })).toBeUndefined();
    expect(refusalOfNumbers({ stateEpoch: 2 ** 31 })?.code).toBe('out_of_range');
  });
});

describe('another state at a point that was accepted', () => {
  const lineage = bytesOf('first');

  test('is refused by its root and by its lineage, and the same one is a repair', () => {
    const session = live(emptyMemory({ held: heldTree(tree, 5, { lineage }) }));
    expect(codes(offer(session, manifestOf(other, 5, { lineage }), 1))).toEqual(['equivocation']);
    const born = { lineage: bytesOf('other') };
    expect(codes(offer(session, manifestOf(tree, 5, born), 2))).toEqual(['equivocation']);
    expect(codes(offer(session, manifestOf(tree, 5), 3))).toEqual([]);
    expect(sentBy(offer(session, manifestOf(tree, 5, { lineage }), 4))).toMatchObject([
      { message: 'stateAck' },
    ]);
  });

  test('is refused when the accepted one is stale or lost too', () => {
    const lost = heldTree(treeOf({}), 5, { root: tree.root, lineage, stale: true });
    const session = live(emptyMemory({ held: lost }));
    expect(codes(offer(session, manifestOf(other, 5)))).toEqual(['equivocation']);
    expect(codes(offer(session, manifestOf(tree, 5, { lineage }), 2))).toEqual(['base_mismatch']);
  });

  test('is refused while the accepted one is still being written for a stream that broke', () => {
    const session = live(emptyMemory({ held: heldTree(tree, 5) }));
    const [saving] = only(offer(session, manifestOf(tree, 8)), 'saveState');
    session.handle({ on: 'closed' });
    open(session);
    expect(codes(offer(session, manifestOf(other, 8), 1))).toEqual(['equivocation']);
    expect(codes(offer(session, manifestOf(tree, 7), 2))).toEqual(['rollback']);
    session.handle({ on: 'stateSaved', saveId: saving?.saveId ?? 0 });
    expect(session.memory.held).toMatchObject({ revision: 8, root: tree.root });
  });
});

test('once an epoch is raised nothing of the one before is taken, however far that one got', () => {
  const session = live(emptyMemory({ stateEpoch: 2, held: heldTree(tree, 100) }));
  expect(codes(offer(session, manifestOf(tree, 150), 1))).toEqual(['rollback']);
  expect(codes(offer(session, manifestOf(tree, 100), 2))).toEqual(['rollback']);
  const effects = offer(session, manifestOf(tree, 51, { stateEpoch: 2 }), 3);
  expect(effects).toMatchObject([{ do: 'saveState' }]);
});

test('what is out of range changes nothing in the memory', () => {
  const raise = { installationUid, stateEpoch: 2 ** 40 };
  const session = new AgentSession(agentPorts, emptyMemory({ held: heldTree(tree, 5) }));
  session.handle({ on: 'opened', at: 0, hello: helloFacts });
  const before = session.memory;
  const welcome = { protocol: 1, centralTime: null, epochRaise: envelopeOf('epoch', raise) };
  const greeted = receive(session, {
    message: 'welcome',
    welcome: welcome as unknown as Welcome,
  });
  const point = { installationUid, clusterUid, stateEpoch: 1, revision: 2 ** 53, revoked: [] };
  const revoke = { nonce: 1, envelope: envelopeOf('revoke', point) };
  const effects = [
    ...greeted,
    ...offer(session, manifestOf(tree, 2 ** 53)),
    ...receive(session, { message: 'revoke', revoke }),
  ];
  expect(codes(effects)).toEqual(['out_of_range', 'out_of_range', 'out_of_range']);
  expect(session.memory).toBe(before);
});
