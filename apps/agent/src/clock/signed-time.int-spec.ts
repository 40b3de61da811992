import { expect, test } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@ambit/testing';
import { binding, inScene } from '../../test/agent-scene.ts';

const years = 10 * 365 * 86_400_000;

test(
  'a central that once signs ten years ahead ends nothing: a grant stays until its true end, and ends then',
  inScene(async (scene) => {
    const { central } = scene;
    const ben = (notAfter: number) => binding('b', ['ben'], { grantUid: 'g', notAfter });
    central.commit([binding('a', ['ada']), ben(Date.now() + 3_600_000)]);
    const agent = await scene.join();
    await scene.holds('ambit:ada', 'ambit:ben');
    central.send({
      message: 'centralTime',
      centralTime: { envelope: central.signTime(Date.now() + years) },
    });
    await eventually(() => expect(central.audit.types).toContain('clock.refused_time'));
    await eventually(() =>
      expect(central.told.statuses.at(-1)?.conditions).toEqual([
        'CLOCK_UNCERTAIN',
        'ADMISSION_POLICY_UNSUPPORTED',
      ]),
    );
    expect(await scene.subjects()).toEqual(['ambit:ada', 'ambit:ben']);
    // The next true time heals it; nothing of the wrong one is found on the disk.
    central.send({
      message: 'centralTime',
      centralTime: { envelope: central.signTime(Date.now()) },
    });
    await eventually(() =>
      expect(central.told.statuses.at(-1)?.conditions).toEqual(['ADMISSION_POLICY_UNSUPPORTED']),
    );
    await scene.stop(agent);
    await scene.start();
    await scene.connected();
    const notAfter = await scene.givenUntilSoon(
      2_000,
      (end) => central.commit([binding('a', ['ada', 'cat']), ben(end)]),
      'ambit:ada',
      'ambit:ben',
      'ambit:cat',
    );
    await scene.holds('ambit:ada', 'ambit:cat');
    expect(Date.now()).toBeGreaterThanOrEqual(notAfter);
  }),
);

test(
  'a stored time that cannot be true is given up when all clocks agree, and what it ended comes back',
  inScene(async (scene) => {
    const { central } = scene;
    const notAfter = Date.now() + 3_600_000;
    central.commit([binding('b', ['ben'], { grantUid: 'g', notAfter })]);
    const agent = await scene.join();
    await scene.holds('ambit:ben');
    await scene.stop(agent);
    const path = join(agent.dataFolder, 'state', 'high-water.json');
    const marks = JSON.parse(await readFile(path, 'utf8')) as object;
    await writeFile(path, JSON.stringify({ ...marks, centralTime: Date.now() + years }));
    await scene.start();
    await eventually(() => expect(central.audit.types).toContain('clock.mark_healed'));
    await scene.holds('ambit:ben');
    await eventually(async () => {
      const { centralTime } = JSON.parse(await readFile(path, 'utf8')) as { centralTime: number };
      expect(Math.abs(centralTime - Date.now())).toBeLessThan(60_000);
    });
  }),
);
