import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { centralEventTypes } from '@ambit/domain';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { AuditPush, gap, record, reported } from './audit-push.test-support.ts';
import { cluster, TestCentral, user } from './central.test-support.ts';
import type { Reply } from './central.test-support.ts';
import { enrolAgent, TestAgent } from './test-agent.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
const agents: TestAgent[] = [];

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
});
afterAll(async () => {
  for (const agent of agents) agent.close();
  await central?.stop();
  await db.close();
});

async function stream(name: string): Promise<AuditPush> {
  await central.apply(cluster(name));
  const { body } = await central.call('POST', `/clusters/${name}/join-tokens`, { body: {} });
  const enrolment = await enrolAgent(central.agentAddress, body.token, `ks-${name}`);
  const agent = new TestAgent(enrolment, `ks-${name}`);
  agents.push(agent);
  return new AuditPush(agent, central.agentAddress);
}

const events = async (query: string): Promise<Reply['body'][]> =>
  (await central.get(`/audit/events?limit=500&${query}`)).body.items.reverse();

/** Only what the agent of the cluster pushed, and what central made of it. */
const pushed = async (name: string): Promise<Reply['body'][]> =>
  (await events(`cluster=${name}`))
    .filter(({ type }) => !/^(cluster|join_token)\./.test(type))
    .filter(({ type }) => type !== 'agent.enrolled');

test('an agent that forges history: nothing of it is stored as genuine, what is genuine around it is stored', async () => {
  await central.apply(user('ada'));
  const [ofCentral] = await events('type=user.created');
  const push = await stream('forger');
  const forged = {
    type: 'grant.created',
    actor: { kind: 'token', name: 'token/first-admin' },
    cluster: 'another',
    revision: 99_999,
    grants: ['root-for-me'],
    subjects: ['mallory'],
    requestId: 'r-1',
  };
  const sent = [
    reported('before'),
    reported('Grant root-for-me was created', forged),
    reported('as the admin', { actor: forged.actor }),
    reported('of another cluster', { cluster: 'another' }),
    reported('above the head', { revision: 99_999 }),
    reported('below zero', { revision: -1 }),
    reported('half a revision', { revision: 1.5 }),
    reported('in 2020', { time: '2020-01-01T00:00:00.000Z' }),
    reported('in 2099', { time: '2099-01-01T00:00:00.000Z' }),
    reported('with an id of central', { id: ofCentral.id }),
    reported('with an id of central again', { id: ofCentral.id }),
    reported('the eagle has landed', { type: 'moon.landed' }),
    reported('after'),
  ];
  const began = Date.now();
  expect(await push.send('s1', ...sent.map((event, at) => record(at + 1, event)))).toBe('ack 13');

  const all = await pushed('forger');
  const self = { kind: 'agent', name: 'agent/forger' };
  const genuine = all.filter(
    ({ suspect, type }) => suspect === undefined && type !== 'audit.event_refused',
  );
  expect(genuine.map(({ type, message }) => `${type}: ${message}`)).toEqual([
    'drift.corrected: before',
    'drift.corrected: with an id of central',
    'drift.corrected: with an id of central again',
    'agent.reported: the eagle has landed',
    'drift.corrected: after',
  ]);
  for (const event of all) {
    expect(event.actor).toEqual(self);
    expect(event.cluster).toBe('forger');
    expect(event.requestId).toBeUndefined();
    expect(event.revision ?? 0).toBeLessThan(100);
    expect(Date.parse(event.time)).toBeGreaterThanOrEqual(began - 60_000);
    expect(Date.parse(event.time)).toBeLessThanOrEqual(Date.now());
  }
  expect(all.filter(({ type }) => type === 'audit.event_refused')).toMatchObject([
    { reportedBy: 'central', details: { observedType: 'grant.created', sequence: 2 } },
  ]);
  expect(all.map(({ suspect }) => suspect?.join() ?? '')).toEqual([
    ...['', '', 'actor', 'cluster', 'revision', 'revision', 'revision', 'time', 'time'],
    ...['', '', '', ''],
  ]);
  expect(all.find(({ message }) => message === 'in 2099').details).toMatchObject({
    observedTime: '2099-01-01T00:00:00.000Z',
  });
  expect(all.find(({ type }) => type === 'agent.reported').details).toMatchObject({
    observedType: 'moon.landed',
  });
  expect(new Set([ofCentral.id, ...all.map(({ id }) => id)]).size).toBe(all.length + 1);
  expect(await events('type=grant.created')).toEqual([]);
  expect(await events('grant=root-for-me')).toEqual([]);
  expect(await events('user=mallory')).toEqual([]);
  expect(await events('actor=token/first-admin&cluster=another')).toEqual([]);
  const counted = 'ambit_audit_events_refused_total{cluster="forger",reason="revision"}';
  expect(await central.metric(counted)).toBe(3);
});

test('every type that only central may tell is refused from an agent', async () => {
  // Agents of an earlier version used these two: they are stored as what agents say of it today.
  const former = new Map<string, string>([
    ['cluster.state_refused', 'agent.state_refused'],
    ['cluster.removals_released', 'agent.removals_released'],
  ]);
  const push = await stream('all-types');
  const forged = centralEventTypes.map((type, at) => record(at + 1, reported('forged', { type })));
  expect(await push.send('s1', ...forged)).toBe(`ack ${centralEventTypes.length}`);
  const all = await pushed('all-types');
  expect(all.map(({ type }) => type)).toEqual(
    centralEventTypes.map((type) => former.get(type) ?? 'audit.event_refused'),
  );
  const refused = all.filter(({ type }) => type === 'audit.event_refused');
  expect(refused.map(({ details }) => details.observedType)).toEqual(
    centralEventTypes.filter((type) => !former.has(type)),
  );
  const told = central.logger.lines.filter(({ fields }) => fields['cluster'] === 'all-types');
  expect(told.filter(({ message }) => /refused or marked/.test(message))).toHaveLength(1);
});

test('an agent has one audit stream: a newer one takes the place of the older', async () => {
  const older = await stream('two-streams');
  expect(await older.send('s1', record(1, reported('one')))).toBe('ack 1');
  const agent = agents.at(-1);
  if (agent === undefined) throw new Error('no agent');
  const newer = new AuditPush(agent, central.agentAddress);
  expect(await newer.send('s1', record(2, reported('two')))).toBe('ack 2');
  await eventually(() => expect(older.replies).toEqual(['ack 1', 'closed already_exists']));
  expect(await newer.send('s1', record(3, reported('three')))).toBe('ack 3');
});

test('a chain of batches that is broken is an event of its own, and its events are marked', async () => {
  const push = await stream('chain');
  await push.send('s1', record(1, reported('one')));
  await push.send('s1', record(2, reported('two')));
  const foreign = createHash('sha256').update('a batch that was never sent').digest();
  expect(await push.sendAfter(foreign, 's1', record(3, reported('three')))).toBe('ack 3');
  await push.send('s1', record(4, reported('four')));
  expect(await push.sendAfter(new Uint8Array(), 's1', record(5, reported('five')))).toBe('ack 5');
  const all = await pushed('chain');
  expect(
    all.map(
      ({ type, message, suspect }) =>
        `${type === 'audit.chain_broken' ? type : message} ${suspect ?? ''}`,
    ),
  ).toEqual([
    ...['one ', 'two ', 'audit.chain_broken ', 'three chain', 'four '],
    ...['audit.chain_broken ', 'five chain'],
  ]);
  expect(all[2]).toMatchObject({
    reportedBy: 'central',
    details: { spoolEpoch: 's1', sequence: 3 },
  });
});

test('a first batch that claims a batch before it breaks the chain too', async () => {
  const push = await stream('chain-first');
  const foreign = createHash('sha256').update('x').digest();
  await push.sendAfter(foreign, 's1', record(1, reported('one')));
  const all = await pushed('chain-first');
  expect(all.map(({ type }) => type)).toEqual(['audit.chain_broken', 'drift.corrected']);
});

test('the reason of a gap is one of ours, and a gap is told by central', async () => {
  const push = await stream('gaps');
  await push.send('s1', gap(1, 3, 'the admin said so\u0000\u001b[2J'), record(4, reported('four')));
  const [lost] = await pushed('gaps');
  expect(lost).toMatchObject({
    type: 'audit.gap',
    reportedBy: 'central',
    message: '3 audit events of gaps are lost (unknown).',
    details: { reason: 'unknown', lost: 3 },
  });
});

test('the list and the live stream say who reported each event and when it came', async () => {
  const push = await stream('told');
  const { resumeAfter } = (await central.get('/audit/events?limit=1')).body.metadata;
  await push.send('s1', record(1, reported('by the agent')));
  await central.apply(user('grace'));
  const stop = new AbortController();
  const response = await fetch(
    `${central.running.restUrl}/api/v1/audit/events?watch=true&type=drift.*,user.*`,
    {
      signal: stop.signal,
      headers: { authorization: `Bearer ${central.token}`, 'last-event-id': resumeAfter },
    },
  );
  let live: Reply['body'][] = [];
  let text = '';
  for await (const part of response.body ?? []) {
    // An event may come in two parts.
    text += Buffer.from(part).toString();
    live = Array.from(text.matchAll(/^data: (.*)\n/gm), ([, json = '']) => JSON.parse(json));
    if (live.length >= 2) break;
  }
  stop.abort();
  const listed = (await events('type=drift.*,user.*')).slice(-2);
  for (const [agent, admin] of [listed, live]) {
    expect(agent).toMatchObject({ message: 'by the agent', reportedBy: 'agent/told' });
    expect(admin).toMatchObject({ actor: { name: 'token/first-admin' }, reportedBy: 'central' });
    expect(agent.receivedAt).toMatch(/^20\d\d-.*Z$/);
  }
});
