import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Logger } from '@ambit/kernel';
import { centralMetrics, createMeters, createRegistry } from '@ambit/observability';
import { openClusterSession, readClusterSync } from '@ambit/persistence';
import { PolicyWriter, RecordingLogger, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { systemClock } from '../../platform/ids.ts';
import { AgentStatus } from './agent-status.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.close());

async function session(name: string): Promise<{ clusterUid: string; sessionEpoch: number }> {
  const { uid: clusterUid } = await new PolicyWriter(db.database).cluster(name);
  const sessionEpoch = await openClusterSession(db.database, {
    clusterUid,
    replica: 'a',
    stateEpoch: 1,
    agentVersion: '1.0.0',
    kubernetesVersion: 'v1.36.2',
    ceiling: {},
    ceilingDigest: 'd',
    at: 1_000,
  });
  return { clusterUid, sessionEpoch };
}

const unwritable = {
  'a NUL': { results: { problems: ['nul \u0000'] } },
  'a revision beyond every column': { appliedRevision: 2 ** 64 },
  'JSON deeper than the database takes': {
    results: JSON.parse(`${'['.repeat(7_000)}${']'.repeat(7_000)}`) as unknown,
  },
};

test.each(Object.entries(unwritable))(
  'a row with %s is dropped with one line in the log, not one each second; the others are written',
  async (what, facts) => {
    const bad = await session(`${what.length}-bad`);
    const good = [await session(`${what.length}-one`), await session(`${what.length}-two`)];
    const logger = new RecordingLogger();
    const registry = createRegistry({ version: 'test' });
    const meters = createMeters(registry, centralMetrics);
    const status = new AgentStatus(db.database, systemClock, { logger: logger as Logger, meters });
    for (let second = 1; second <= 3; second++) {
      status.note({ ...bad, ...facts });
      for (const one of good) status.note({ ...one, appliedRevision: second });
      await status.flush();
      const rows = await readClusterSync(
        db.database,
        good.map(({ clusterUid }) => clusterUid),
      );
      expect(rows.map(({ appliedRevision }) => appliedRevision)).toEqual([second, second]);
    }
    status.note({ ...bad, appliedRevision: 7 });
    await status.flush();
    const [mended] = await readClusterSync(db.database, [bad.clusterUid]);
    expect(mended?.appliedRevision).toBe(7);
    expect(logger.lines.map(({ message }) => message)).toEqual([
      'the status of an agent cannot be stored and is dropped',
    ]);
    expect(await registry.metrics()).toContain(
      'ambit_agent_records_dropped_total{record="status"} 3',
    );
  },
);
