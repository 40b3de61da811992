import { describe, expect, test } from '@jest/globals';
import type { CredentialWanted, wire } from '@ambit/protocol';
import { AskAgents } from './ask-agents.ts';

const answer: wire.CredentialAnswer = {
  requestId: 'one',
  answer: 'token',
  token: 'text',
  expiresAt: 1,
  credentialId: 'JTI=1',
};

/** Every agent is here, and none answers before it is told to. */
function slowAgents() {
  const waiting: (() => void)[] = [];
  const asked: CredentialWanted[] = [];
  const here = {
    ask: (_: string, wanted: CredentialWanted) => {
      asked.push(wanted);
      return new Promise<wire.CredentialAnswer>((resolve) => waiting.push(() => resolve(answer)));
    },
  };
  const agents = new AskAgents({
    here,
    elsewhere: here,
    connections: { connected: () => true, among: async () => new Set() },
    sql: { query: async () => [] },
    clock: { now: () => 1_000 },
  });
  return { agents, asked, answerAll: () => waiting.splice(0).forEach((each) => each()) };
}

const wish = (principalUid: string) =>
  ({
    requestId: 'one',
    name: 'ambit:ada',
    principalUid,
    sessionId: 'session',
    ttlSeconds: 600,
    wanted: 'serviceAccountToken',
    serviceAccountToken: {},
  }) as const;

const clusterOf = (uid: string) => ({ uid, name: uid });
const tooMany = expect.objectContaining({
  code: 'rate_limited',
  extras: expect.objectContaining({ details: { retryAfterSeconds: 1 } }),
});

describe('requests that wait for agents', () => {
  test('are good for ten seconds', async () => {
    const { agents, asked, answerAll } = slowAgents();
    const given = agents.ask(clusterOf('prod'), wish('ada'));
    answerAll();
    expect(await given).toEqual(answer);
    expect(asked).toEqual([{ ...wish('ada'), notAfter: 11_000 }]);
  });

  test('of one person or program are 50 at most, over all clusters', async () => {
    const { agents, answerAll } = slowAgents();
    const ask = (at: number, who = 'ada') => agents.ask(clusterOf(`c${at}`), wish(who));
    const held = Array.from({ length: 50 }, (_, at) => ask(at));
    await expect(ask(50)).rejects.toEqual(tooMany);
    const another = ask(51, 'bob');
    answerAll();
    expect(await Promise.all([...held, another])).toHaveLength(51);
    const again = ask(52);
    answerAll();
    expect(await again).toEqual(answer);
  });

  test('of one cluster are 100 at most, whoever asks', async () => {
    const { agents, answerAll } = slowAgents();
    const ask = (who: string, cluster = 'prod') => agents.ask(clusterOf(cluster), wish(who));
    const held = Array.from({ length: 100 }, (_, at) => ask(`person-${at}`));
    await expect(ask('ada')).rejects.toEqual(tooMany);
    const elsewhere = ask('ada', 'other');
    answerAll();
    expect(await Promise.all([...held, elsewhere])).toHaveLength(101);
    const again = ask('ada');
    answerAll();
    expect(await again).toEqual(answer);
  });
});
