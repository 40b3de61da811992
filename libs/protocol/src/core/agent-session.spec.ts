import { describe, expect, test } from '@jest/globals';
import { hex } from '@ambit/kernel';
import { AgentSession } from './agent-session.ts';
import type { AgentEffect, AgentMemory } from './agent-session-types.ts';
import { stateMessages, type StateTransfer } from './chunking.ts';
import type { CentralMessage, SignedEnvelope, Welcome } from './generated/messages.ts';
import type { HashTree } from './hash-tree.ts';
import {
  agentPorts,
  bytesOf,
  clusterUid,
  emptyMemory,
  envelopeOf,
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
  heartbeatIntervalMs: 15_000,
  maxChunkBytes: 64,
  backoffBaseMs: 500,
  backoffCapMs: 8_000,
  inventoryIntervalMs: 60_000,
  centralTime: null,
  epochRaise: null,
};

/** An agent with a live stream. */
class Agent {
  readonly session: AgentSession;
  at = 0;

  constructor(memory: AgentMemory = emptyMemory(), more: Partial<Welcome> = {}) {
    this.session = new AgentSession(agentPorts, memory);
    this.reconnect(more);
  }

  reconnect(more: Partial<Welcome> = {}): AgentEffect[] {
    this.session.handle({ on: 'opened', at: this.at, hello: helloFacts });
    return this.receive({ message: 'welcome', welcome: { ...welcome, ...more } });
  }

  receive(...messages: CentralMessage[]): AgentEffect[] {
    return messages.flatMap((message) =>
      this.session.handle({ on: 'message', at: this.at, message }),
    );
  }

  /** Saves whatever the effects ask for. */
  saved(effects: readonly AgentEffect[]): AgentEffect[] {
    const states = only(effects, 'saveState').flatMap(({ saveId }) =>
      this.session.handle({ on: 'stateSaved', saveId }),
    );
    const revocations = only(effects, 'saveRevocation').flatMap(({ saveId }) =>
      this.session.handle({ on: 'revocationSaved', saveId }),
    );
    return [...states, ...revocations];
  }

  accepts(messages: readonly CentralMessage[]): AgentEffect[] {
    return this.saved(this.receive(...messages));
  }
}

function transfer(
  tree: HashTree,
  revision: number,
  entries: Readonly<Record<string, string>>,
  more: Partial<StateTransfer> & { readonly nonce: number },
): CentralMessage[] {
  const full: StateTransfer = {
    manifest: envelopeOf('manifest', manifestOf(tree, revision)),
    removed: [],
    entries: Object.entries(entries).map(([key, body]) => ({ key, body: bytesOf(body) })),
    ...more,
  };
  return [...stateMessages(full, { maxChunkBytes: 64, compact: false }).messages];
}

const first = { 'CONFIG/cluster': 'c', 'BINDING/a': '1', 'BINDING/b': '2' };
const firstTree = treeOf(first);
const full = (nonce: number, revision = 5): CentralMessage[] =>
  transfer(firstTree, revision, first, { nonce });

function delta(nonce: number, revision = 6): CentralMessage[] {
  const tree = firstTree.with({ remove: ['BINDING/a'], put: [['BINDING/c', bytesOf('3')]] });
  const base = { revision: 5, root: firstTree.root };
  return transfer(tree, revision, { 'BINDING/c': '3' }, { nonce, base, removed: ['BINDING/a'] });
}

const ready = (): Agent => {
  const agent = new Agent();
  agent.accepts(full(1));
  return agent;
};

const nackCode = (effects: readonly AgentEffect[]): string | undefined =>
  sentBy(effects).flatMap((message) =>
    message.message === 'stateNack' ? [message.stateNack.code] : [],
  )[0];

const phases = (effects: readonly AgentEffect[]): string[] =>
  sentBy(effects).flatMap((message) =>
    message.message === 'stateAck'
      ? [`${message.stateAck.phase} ${message.stateAck.revision}`]
      : [],
  );

describe('a state of a newer central', () => {
  test('is accepted whole, and what is not known here gives nothing and takes nothing', () => {
    const agent = new Agent();
    const entries = { ...first, 'LATER/a': '1' };
    const tree = treeOf(entries);
    const [accepted] = only(agent.accepts(transfer(tree, 5, entries, { nonce: 1 })), 'accept');
    expect(accepted?.change.intents.map(({ key }) => key).sort()).toEqual(
      Object.keys(first).sort(),
    );
    const why = 'the section LATER is not known';
    expect(accepted?.change.skipped).toEqual([{ key: 'LATER/a', why }]);
    expect(agent.session.memory.held?.tree.root).toEqual(tree.root);
  });

  test('what no version would write refuses the whole all the same', () => {
    const entries = { ...first, 'OTHER/a': '1' };
    const agent = new Agent();
    const effects = agent.receive(...transfer(treeOf(entries), 5, entries, { nonce: 1 }));
    expect(nackCode(effects)).toBe('malformed');
  });
});

describe('a state that arrives', () => {
  test('says in Hello what it holds', () => {
    const agent = ready();
    agent.session.handle({ on: 'closed' });
    const [hello] = sentBy(agent.session.handle({ on: 'opened', at: 0, hello: helloFacts }));
    expect(hello).toMatchObject({
      message: 'hello',
      hello: { clusterUid, held: { revision: 5, root: firstTree.root, stale: false } },
    });
  });

  test('is acknowledged only when it is on disk, and handed over then', () => {
    const agent = new Agent();
    const effects = agent.receive(...full(1));
    expect(effects.map((effect) => effect.do)).toEqual(['saveState']);
    expect(agent.session.memory.held).toBeUndefined();
    const after = agent.saved(effects);
    expect(only(after, 'accept')[0]?.change.intents.map(({ key }) => key)).toEqual(
      Object.keys(first),
    );
    expect(phases(after)).toEqual(['PHASE_ACCEPTED 5']);
    expect(agent.session.memory.held?.revision).toBe(5);
  });

  test('a delta changes a copy', () => {
    const agent = ready();
    const effects = agent.receive(...delta(2));
    expect(hex(agent.session.memory.held?.tree.root ?? new Uint8Array())).toBe(hex(firstTree.root));
    const change = only(agent.saved(effects), 'accept')[0]?.change;
    expect(change).toMatchObject({ mode: 'delta', removed: ['BINDING/a'] });
    expect(agent.session.memory.held?.tree.has('BINDING/c')).toBe(true);
  });

  test('protocol edge 1: a chunk lost, repeated, reordered or changed leaves everything as it was', () => {
    const [begin, one, two, end] = delta(2) as [
      CentralMessage,
      CentralMessage,
      CentralMessage,
      CentralMessage,
    ];
    const tampered: CentralMessage = {
      message: 'stateChunk',
      stateChunk: {
        nonce: 2,
        index: 1,
        removed: [],
        entries: [{ key: 'BINDING/c', body: bytesOf('evil') }],
      },
    };
    const faults: [string, CentralMessage[], string][] = [
      ['lost', [begin, one, end], 'malformed'],
      ['first lost', [begin, two, end], 'malformed'],
      ['repeated', [begin, one, one, two, end], 'malformed'],
      ['reordered', [begin, two, one, end], 'malformed'],
      ['changed', [begin, one, tampered, end], 'root_mismatch'],
      ['one too many', [begin, one, two, two, end], 'malformed'],
    ];
    for (const [fault, messages, code] of faults) {
      const agent = ready();
      const effects = agent.receive(...messages);
      expect([fault, nackCode(effects)]).toEqual([fault, code]);
      expect(only(effects, 'saveState')).toEqual([]);
      expect(agent.session.memory.held?.revision).toBe(5);
    }
    const cut = ready();
    expect(cut.receive(begin, one)).toEqual([]);
    cut.session.handle({ on: 'closed' });
    cut.reconnect();
    expect(cut.receive(two, end)).toEqual([]);
  });

  test('a state with a key twice, or with bodies that cannot be read, is refused by name', () => {
    const tree = treeOf(first);
    const entries = [
      { key: 'BINDING/a', body: bytesOf('1') },
      { key: 'BINDING/a', body: bytesOf('2') },
    ];
    const twice = transfer(tree, 6, {}, { nonce: 2, entries });
    expect(nackCode(ready().receive(...twice))).toBe('duplicate_key');
    const odd = { ...first, 'BINDING/a': '' };
    const effects = ready().receive(...transfer(treeOf(odd), 6, odd, { nonce: 2 }));
    expect(nackCode(effects)).toBe('malformed');
    expect(sentBy(effects)[0]).toMatchObject({ stateNack: { items: ['BINDING/a'] } });
  });

  test('protocol edge 3: an up-to-date agent takes the manifest and nothing else', () => {
    const agent = ready();
    const effects = agent.receive({
      message: 'upToDate',
      upToDate: { nonce: 2, manifest: envelopeOf('manifest', manifestOf(firstTree, 9)) },
    });
    expect(only(effects, 'saveState')[0]?.change).toMatchObject({ removed: [], entries: [] });
    expect(phases(agent.saved(effects))).toEqual(['PHASE_ACCEPTED 9']);
    const again = agent.receive({
      message: 'upToDate',
      upToDate: { nonce: 3, manifest: envelopeOf('manifest', manifestOf(firstTree, 9)) },
    });
    expect(again.map((effect) => effect.do)).toEqual(['send']);
    const lie = agent.receive({
      message: 'upToDate',
      upToDate: { nonce: 4, manifest: envelopeOf('manifest', manifestOf(treeOf({}), 10)) },
    });
    expect(nackCode(lie)).toBe('root_mismatch');
  });

  test('a delta against a state that is not held is refused before its chunks', () => {
    const [begin, ...rest] = delta(1);
    const agent = new Agent();
    expect(nackCode(agent.receive(begin as CentralMessage))).toBe('base_mismatch');
    expect(agent.receive(...rest)).toEqual([]);
  });

  test('protocol edge 6: an empty state is refused unless it says that it is meant', () => {
    const config = { 'CONFIG/cluster': 'c' };
    const unmeant = { intentionallyEmpty: false };
    const manifest = envelopeOf('manifest', manifestOf(treeOf(config), 6, unmeant));
    const agent = ready();
    const messages = transfer(treeOf(config), 6, config, { nonce: 2, manifest });
    expect(nackCode(agent.receive(...messages))).toBe('empty_state_refused');
    const meant = transfer(treeOf(config), 6, config, { nonce: 3 });
    expect(phases(agent.accepts(meant))).toEqual(['PHASE_ACCEPTED 6']);
  });

  test('protocol edge 7: an older revision, another cluster and another installation are refused', () => {
    const forged: [Partial<ReturnType<typeof manifestOf>>, string][] = [
      [{ revision: 4 }, 'rollback'],
      [{ clusterUid: 'cluster-10' }, 'wrong_cluster'],
      [{ clusterUid: 'cluster-' }, 'wrong_cluster'],
      [{ installationUid: 'installation-2' }, 'wrong_cluster'],
      [{ stateEpoch: 0, revision: 99 }, 'rollback'],
      [{ stateEpoch: 2, revision: 99 }, 'rollback'],
    ];
    for (const [more, code] of forged) {
      const agent = ready();
      const manifest = envelopeOf('manifest', manifestOf(firstTree, 6, more));
      expect(
        nackCode(agent.receive(...transfer(firstTree, 6, first, { nonce: 2, manifest }))),
      ).toBe(code);
      expect(agent.session.memory.held?.revision).toBe(5);
    }
    const repair = ready();
    expect(phases(repair.accepts(full(2, 5)))).toEqual(['PHASE_ACCEPTED 5']);
  });

  test('protocol edge 9: a bad signature and an unknown key are told apart', () => {
    const signedBy = (keyId: string): SignedEnvelope =>
      envelopeOf('manifest', manifestOf(firstTree, 6), keyId);
    const code = (keyId: string): string | undefined =>
      nackCode(
        ready().receive(...transfer(firstTree, 6, first, { nonce: 2, manifest: signedBy(keyId) })),
      );
    expect(code('unknown')).toBe('unknown_key');
    expect(code('bad')).toBe('bad_signature');
    const wrongType = envelopeOf('revoke', manifestOf(firstTree, 6));
    const messages = transfer(firstTree, 6, first, { nonce: 2, manifest: wrongType });
    expect(nackCode(ready().receive(...messages))).toBe('malformed');
  });

  test('an epoch counts only when the epoch key raised it, and then revisions may go back', () => {
    const agent = ready();
    agent.session.handle({ on: 'closed' });
    const raise = envelopeOf('epoch', { installationUid, stateEpoch: 2 });
    expect(only(agent.reconnect({ epochRaise: raise }), 'saveEpoch')).toEqual([
      { do: 'saveEpoch', stateEpoch: 2 },
    ]);
    const manifest = envelopeOf('manifest', manifestOf(firstTree, 2, { stateEpoch: 2 }));
    const effects = agent.accepts(transfer(firstTree, 2, first, { nonce: 1, manifest }));
    expect(phases(effects)).toEqual(['PHASE_ACCEPTED 2']);
    const old = agent.receive(...full(2, 50));
    expect(nackCode(old)).toBe('rollback');
  });

  test('nonces that were seen are ignored, in whole and in part', () => {
    const agent = ready();
    expect(agent.receive(...full(1, 9))).toEqual([]);
    expect(agent.receive(...delta(2).slice(1))).toEqual([]);
  });

  test('when the disk fails, only removals count and everything is asked for', () => {
    const agent = ready();
    const [save] = only(agent.receive(...delta(2)), 'saveState');
    const effects = agent.session.handle({
      on: 'saveFailed',
      saveId: save?.saveId ?? 0,
      message: 'no space',
    });
    expect(only(effects, 'acceptRemovals')[0]?.change.removed).toEqual(['BINDING/a']);
    expect(nackCode(effects)).toBe('storage_full');
    expect(agent.session.memory.held).toMatchObject({ revision: 5, stale: true });
    expect(nackCode(agent.receive(...delta(3)))).toBe('base_mismatch');
    expect(phases(agent.accepts(full(4, 7)))).toEqual(['PHASE_ACCEPTED 7']);
    expect(agent.session.memory.held?.stale).toBe(false);
  });

  test('a write that ends after its stream is kept and not acknowledged on the next one', () => {
    const agent = ready();
    const effects = agent.receive(...delta(2));
    agent.session.handle({ on: 'closed' });
    agent.reconnect();
    const after = agent.saved(effects);
    expect(after.map((effect) => effect.do)).toEqual(['accept']);
    expect(agent.session.memory.held?.revision).toBe(6);
  });

  test('two states at once end the stream', () => {
    const agent = ready();
    agent.receive(...delta(2));
    const [close] = only(agent.receive(...full(3, 8)), 'close');
    expect(close?.reason).toBe('protocol_error');
  });
});
