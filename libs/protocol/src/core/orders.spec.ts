import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AgentSession } from './agent-session.ts';
import type { AgentEffect } from './agent-session-types.ts';
import { CentralSession } from './central-session.ts';
import type {
  CentralSessionPorts,
  CentralSessionSettings,
  CredentialWanted,
  OrderOfStream,
} from './central-session-types.ts';
import type {
  Command,
  CommandOrder,
  CredentialOrder,
  CredentialRequest,
  Drain,
  Order,
  Welcome,
} from './generated/messages.ts';
import {
  agentPorts,
  clusterUid,
  Desired,
  emptyMemory,
  envelopeOf,
  helloFacts,
  installationUid,
  only,
} from './session.test-support.ts';
import { durationBounds } from './wire-durations.ts';

type OrderAtPlace = Parameters<CentralSessionPorts['signCredentialOrder']>[0];

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

const orders: readonly Order[] = [
  'ORDER_RESYNC',
  'ORDER_RELEASE_REMOVALS',
  'ORDER_ROTATE_CERTIFICATE',
  'ORDER_RELEASE_GAINS',
];

const whole = (order: OrderOfStream): CommandOrder => ({
  installationUid,
  clusterUid,
  stateEpoch: 1,
  ...order,
});

/** Both ends of one stream, the agent live on it. */
function pair(instanceId = 'instance-1', attempt = 1, sessionEpoch = 7) {
  const ports = {
    desired: () => new Desired().state(),
    signRevocation: () => envelopeOf('revoke', {}),
    signTime: (now: number) => envelopeOf('central-time', { installationUid, stateEpoch: 1, now }),
    signOrder: (order: OrderOfStream) => envelopeOf('command', whole(order)),
    signCredentialOrder: (order: OrderAtPlace) =>
      envelopeOf('credential', { installationUid, clusterUid, stateEpoch: 1, ...order }),
  };
  const central = new CentralSession(ports, settings, 0);
  const agent = new AgentSession(agentPorts, emptyMemory());
  const facts = { ...helloFacts, instanceId, attempt };
  const [first] = agent.handle({ on: 'opened', at: 0, hello: facts });
  const sent = first?.do === 'send' && first.message.message === 'hello' && first.message.hello;
  if (!sent) throw new Error('there was no Hello');
  const admitted = { at: 0, wallClock: 1, hello: sent, sessionEpoch };
  for (const effect of central.handle({ on: 'admitted', ...admitted })) {
    if (effect.do === 'send') agent.handle({ on: 'message', at: 0, message: effect.message });
  }
  const obey = (command: Command): AgentEffect[] =>
    agent.handle({ on: 'message', at: 0, message: { message: 'command', command } });
  const make = (credentialRequest: CredentialRequest): AgentEffect[] =>
    agent.handle({
      on: 'message',
      at: 0,
      message: { message: 'credentialRequest', credentialRequest },
    });
  const ask = (requestId: string): CredentialRequest => {
    const [effect] = central.handle({ on: 'credential', wanted: wantedBy(requestId) });
    if (effect?.do === 'send' && effect.message.message === 'credentialRequest')
      return effect.message.credentialRequest;
    throw new Error('nothing was asked');
  };
  return { agent, central, obey, make, ask, give: (order: Order) => commandOf(central, order) };
}

const wantedBy = (requestId: string): CredentialWanted => ({
  requestId,
  name: 'ambit:ada',
  principalUid: 'user-1',
  sessionId: 'session-1',
  ttlSeconds: 600,
  notAfter: 10_000,
  wanted: 'clientCertificate',
  clientCertificate: { csr: new Uint8Array([1]) },
});

function commandOf(central: CentralSession, order: Order): Command {
  const [effect] = central.handle({ on: 'command', order });
  if (effect?.do === 'send' && effect.message.message === 'command') return effect.message.command;
  throw new Error('no order was sent');
}

const bare = (order: Partial<CommandOrder>, key?: string): Command => ({
  action: 'ACTION_UNSPECIFIED',
  envelope: envelopeOf(
    'command',
    {
      ...whole({ instanceId: 'instance-1', attempt: 1, sessionEpoch: 7, sequence: 1 } as never),
      order: 'ORDER_RESYNC',
      ...order,
    },
    key,
  ),
});

describe('an order of central', () => {
  test.each(orders)('%s is obeyed once', (order) => {
    const { give, obey } = pair();
    const command = give(order);
    expect(obey(command)).toEqual([{ do: 'command', order }]);
    expect(obey(command)).toMatchObject([{ do: 'refused', what: 'command', code: 'replay' }]);
    expect(obey(give(order))).toEqual([{ do: 'command', order }]);
  });

  test('without a signature is refused, whatever it names', () => {
    const actions = ['RESYNC', 'RELEASE_REMOVALS', 'ROTATE_CERTIFICATE', 'UNSPECIFIED'] as const;
    for (const action of actions) {
      const command = { action: `ACTION_${action}`, envelope: null } as const;
      expect(pair().obey(command)).toMatchObject([
        { do: 'refused', what: 'command', code: 'bad_signature' },
      ]);
    }
  });

  test('is obeyed only when every word of it fits this stream', () => {
    expect(pair().obey(bare({}))).toEqual([{ do: 'command', order: 'ORDER_RESYNC' }]);
    const wrong: [Partial<CommandOrder>, string, string?][] = [
      [{}, 'bad_signature', 'bad'],
      [{}, 'unknown_key', 'unknown'],
      [{ installationUid: 'other' }, 'wrong_cluster'],
      [{ clusterUid: 'cluster-2' }, 'wrong_cluster'],
      [{ stateEpoch: 2 }, 'replay'],
      [{ stateEpoch: 0 }, 'replay'],
      [{ instanceId: 'instance-2' }, 'replay'],
      [{ instanceId: '' }, 'replay'],
      [{ attempt: 2 }, 'replay'],
      [{ sessionEpoch: 6 }, 'replay'],
      [{ sequence: 0 }, 'replay'],
      [{ order: 'ORDER_UNSPECIFIED' }, 'malformed'],
    ];
    for (const [more, code, key] of wrong) {
      expect(pair().obey(bare(more, key))).toMatchObject([{ do: 'refused', code }]);
    }
    const state = { ...bare({}).envelope, payloadType: 'manifest' } as Command['envelope'];
    expect(pair().obey({ action: 'ACTION_RESYNC', envelope: state })).toMatchObject([
      { do: 'refused', code: 'malformed' },
    ]);
  });

  test('of a newer central is left alone, and told', () => {
    for (const order of ['constructor', 9] as unknown as Order[]) {
      expect(pair().obey(bare({ order }))).toEqual([{ do: 'ignored', what: 'order' }]);
    }
  });

  test('is never obeyed twice, in whatever order orders are delivered, repeated, or kept for another stream', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ stream: fc.nat(2), order: fc.nat(7) }), { maxLength: 60 }),
        (deliveries) => {
          // The second is the same process dialling again, given the session epoch of before by whoever answers it.
          const streams = [pair('a', 1, 7), pair('a', 2, 7), pair('b', 1, 7)];
          const kept = streams.map(({ give }) =>
            Array.from({ length: 8 }, (_, at) =>
              give(orders[at % orders.length] ?? 'ORDER_RESYNC'),
            ),
          );
          for (const [at, { obey }] of streams.entries()) {
            let last = -1;
            for (const { stream, order } of deliveries) {
              const command = kept[stream]?.[order];
              if (command === undefined) continue;
              const obeyed = only(obey(command), 'command').length === 1;
              expect(obeyed).toBe(stream === at && order > last);
              if (obeyed) last = order;
            }
          }
        },
      ),
    );
  });

  test('that an agent knows by its old name carries it', () => {
    const { give } = pair();
    expect(orders.map((order) => give(order).action)).toEqual([
      'ACTION_RESYNC',
      'ACTION_RELEASE_REMOVALS',
      'ACTION_ROTATE_CERTIFICATE',
      'ACTION_UNSPECIFIED',
    ]);
  });
});

describe('a request for a credential', () => {
  test('is carried out once, as it was signed, and its place is one among those of the commands', () => {
    const { ask, make, give, obey } = pair();
    const [first, command, second] = [ask('one'), give('ORDER_RESYNC'), ask('two')];
    const [effect] = make(first);
    expect(effect).toMatchObject({ do: 'makeCredential', order: wantedBy('one') });
    expect(make(first)).toMatchObject([{ do: 'refused', what: 'credential', code: 'replay' }]);
    expect(make(second)).toMatchObject([
      { do: 'makeCredential', order: { requestId: 'two', sequence: 3 } },
    ]);
    expect(obey(command)).toMatchObject([{ do: 'refused', what: 'command', code: 'replay' }]);
  });

  test('goes to one stream alone', () => {
    for (const other of [pair('b', 1, 7), pair('instance-1', 2, 7), pair('instance-1', 1, 8)]) {
      expect(pair().make(other.ask('one'))).toMatchObject([
        { do: 'refused', what: 'credential', code: 'replay' },
      ]);
    }
  });

  test('without a signature, by a stranger, for another cluster, or signed as something else is refused', () => {
    const [effect] = pair().make(pair().ask('one'));
    const order = effect?.do === 'makeCredential' ? effect.order : undefined;
    const signed = (more: Partial<CredentialOrder>, type = 'credential', key = 'good') => ({
      envelope: envelopeOf(type, { ...order, ...more }, key),
    });
    const wrong: [CredentialRequest, string][] = [
      [{ envelope: null }, 'bad_signature'],
      [signed({}, 'credential', 'bad'), 'bad_signature'],
      [signed({}, 'credential', 'unknown'), 'unknown_key'],
      [signed({}, 'command'), 'malformed'],
      [signed({ clusterUid: 'cluster-2' }), 'wrong_cluster'],
      [signed({ installationUid: 'other' }), 'wrong_cluster'],
      [signed({ stateEpoch: 2 }), 'replay'],
    ];
    for (const [request, code] of wrong) {
      expect(pair().make(request)).toMatchObject([{ do: 'refused', what: 'credential', code }]);
    }
    expect(pair().make(signed({}))).toMatchObject([{ do: 'makeCredential' }]);
  });

  test('is answered to whoever keeps the stream at central', () => {
    const { central } = pair();
    const credentialAnswer = {
      requestId: 'one',
      answer: 'token',
      token: 'text',
      expiresAt: 1,
      credentialId: 'JTI=1',
    } as const;
    const message = { message: 'credentialAnswer', credentialAnswer } as const;
    expect(central.handle({ on: 'message', at: 1, wallClock: 1, message })).toEqual([
      { do: 'credentialAnswered', answer: credentialAnswer },
    ]);
  });
});

describe('a duration that nobody signed', () => {
  const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });

  test('of a drain delays an agent by minutes at most', () => {
    fc.assert(
      fc.property(uint32, uint32, (minWaitMs, maxWaitMs) => {
        const drain: Drain = { minWaitMs, maxWaitMs, reason: '' };
        const [effect] = pair().agent.handle({
          on: 'message',
          at: 0,
          message: { message: 'drain', drain },
        });
        const retry = effect?.do === 'close' ? effect.retry : undefined;
        if (retry?.kind !== 'window') throw new Error('it was no drain');
        expect(retry.minMs).toBeGreaterThanOrEqual(0);
        expect(retry.minMs).toBeLessThanOrEqual(retry.maxMs);
        expect(retry.maxMs).toBeLessThanOrEqual(300_000);
      }),
    );
  });

  test('of a Welcome neither makes an agent spin nor keeps it away or silent', () => {
    fc.assert(
      fc.property(uint32, uint32, uint32, uint32, (beat, base, cap, inventory) => {
        const agent = new AgentSession(agentPorts, emptyMemory());
        agent.handle({ on: 'opened', at: 0, hello: helloFacts });
        const welcome: Welcome = {
          sessionEpoch: 1,
          protocol: 1,
          serverTime: 0,
          heartbeatIntervalMs: beat,
          maxChunkBytes: 0,
          backoffBaseMs: base,
          backoffCapMs: cap,
          inventoryIntervalMs: inventory,
          centralTime: null,
          epochRaise: null,
        };
        const effects = agent.handle({
          on: 'message',
          at: 0,
          message: { message: 'welcome', welcome },
        });
        const [taken] = only(effects, 'settings').map((effect) => effect.settings);
        if (taken === undefined) throw new Error('it was not live');
        const pairs = [
          [taken.heartbeatIntervalMs, durationBounds.heartbeat],
          [taken.backoffBaseMs, durationBounds.backoffBase],
          [taken.backoffCapMs, durationBounds.backoffCap],
          [taken.inventoryIntervalMs, durationBounds.inventory],
        ] as const;
        for (const [ms, [least, most]] of pairs) {
          expect(ms).toBeGreaterThanOrEqual(least);
          expect(ms).toBeLessThanOrEqual(most);
        }
      }),
    );
  });
});
