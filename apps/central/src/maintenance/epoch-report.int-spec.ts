import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { AuditPush, record, reported } from '../audit-push.test-support.ts';
import { cluster, TestCentral, testSettings } from '../central.test-support.ts';
import { cleanReport, enrolAgent, TestAgent } from '../test-agent.test-support.ts';
import { reportEpoch } from './epoch-report.ts';

let db: TestDatabase;
let central: TestCentral;
const agents: TestAgent[] = [];

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
});
afterEach(() => {
  for (const agent of agents.splice(0)) agent.close();
});
afterAll(async () => {
  await central?.stop();
  await db.close();
});

/** An agent that has said what the epoch changed for it, and what is held there since. */
async function agentThatTook(
  name: string,
  details: object,
  held: { readonly heldGains?: number; readonly heldRemovals?: number } = {},
): Promise<void> {
  await central.apply(cluster(name));
  const { body } = await central.call('POST', `/clusters/${name}/join-tokens`, { body: {} });
  const uid = `ks-${name}`;
  const agent = new TestAgent(await enrolAgent(central.agentAddress, body.token, uid), uid);
  agents.push(agent);
  agent.report = { ...cleanReport, ...held };
  agent.connect(central.agentAddress);
  const total = (held.heldGains ?? 0) + (held.heldRemovals ?? 0);
  await eventually(async () => {
    const [row] = await db.database.query<{ held: number }>(
      `SELECT coalesce((s.results->>'heldGains')::int, 0) + coalesce((s.results->>'heldRemovals')::int, 0) AS held
       FROM cluster_sync s JOIN clusters c ON c.uid = s.cluster_uid WHERE c.name = $1 AND s.results IS NOT NULL`,
      [name],
    );
    expect(row?.held).toBe(total);
  });
  const push = new AuditPush(agent, central.agentAddress);
  const type = 'state.epoch_taken';
  const event = reported('epoch 1 was taken', { type, details: { stateEpoch: 1, ...details } });
  expect(await push.send('s1', record(1, event))).toBe('ack 1');
  push.close();
}

async function report(): Promise<string[]> {
  const lines: string[] = [];
  const settings = await testSettings({ dataDir: central.dataDir }, { AMBIT_DATABASE_URL: db.url });
  await reportEpoch(settings, (line) => void lines.push(line));
  return lines;
}

const linesOf = async (name: string): Promise<string[]> => {
  const lines = await report();
  const from = lines.findIndex((line) => line.startsWith(`cluster ${name}:`));
  const rest = lines.slice(from + 1);
  const to = rest.findIndex((line) => !line.startsWith(' '));
  return [lines[from] ?? '', ...(to < 0 ? rest : rest.slice(0, to))];
};

describe('the report of an epoch', () => {
  test('says of each cluster who comes and who goes, how many more, and what is held there, with the command', async () => {
    await agentThatTook(
      'eu',
      {
        gainedBindings: 4,
        lostBindings: 21,
        gained: ['ambit:ben view payments'],
        lost: ['ambit:ann edit payments', 'ambit:dan view'],
        more: 22,
      },
      { heldGains: 1, heldRemovals: 21 },
    );
    expect(await linesOf('eu')).toEqual([
      'cluster eu: 4 would come, 21 went',
      '  + ambit:ben view payments',
      '  - ambit:ann edit payments',
      '  - ambit:dan view',
      '  … and 22 more',
      '  1 gain held; ambit cluster release-gains eu',
      '  21 removals held; ambit cluster release-removals eu',
    ]);
  });

  test('of a cluster that only loses, with nothing held, names the losses alone', async () => {
    const lost = ['ambit:ann edit payments'];
    await agentThatTook('us', { gainedBindings: 0, lostBindings: 1, gained: [], lost, more: 0 });
    expect(await linesOf('us')).toEqual([
      'cluster us: 0 would come, 1 went',
      '  - ambit:ann edit payments',
    ]);
  });

  test('says who has not taken the epoch, and where no agent ever was', async () => {
    await central.apply(cluster('none'));
    await agentThatTook('late', { stateEpoch: 7 });
    expect(await linesOf('none')).toEqual(['cluster none: no agent was ever enrolled']);
    expect(await linesOf('late')).toEqual([
      'cluster late: its agent has not said that it took epoch 1',
    ]);
  });

  test('moves nothing on the terminal and makes up no line, whatever a hostile agent says', async () => {
    const evil = [
      'a\u001b[2J\u001b[31m',
      'b\ncluster eu: 0 would come, 0 went',
      'c\r\u0007\u009b1A',
      'd\u202egnp\u2028e\u2029',
      'f\u001b]0;x\u0007',
    ];
    const numbers = {
      gainedBindings: '1\u001b[2J',
      lostBindings: ['\u001b[2J', '\n'],
      more: '9\n',
    };
    await agentThatTook('evil', { ...numbers, gained: evil, lost: 'no list\u001b' });
    await agentThatTook('evil-too', { gained: true, lost: evil, more: -1 });
    const lines = await report();
    for (const line of lines) expect(line).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    expect(lines).not.toContain('cluster eu: 0 would come, 0 went');
    const own = await linesOf('evil');
    expect(own).toHaveLength(1 + evil.length);
    expect(own[0]).toBe('cluster evil: ? would come, ? went');
    expect(own[1]).toMatch(/^ {2}\+ a\P{C}+$/u);
    expect(own[2]).toMatch(/^ {2}\+ b\P{C}+cluster eu: 0 would come, 0 went$/u);
    expect((await linesOf('evil-too')).slice(1)).toHaveLength(evil.length);
  });
});
