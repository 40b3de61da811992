import { describe, expect, test } from '@jest/globals';
import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { manifestCodec, revocationCodec } from '@ambit/protocol';
import type { wire } from '@ambit/protocol';
import { eventually } from '@ambit/testing';
import { binding, inScene } from '../../test/agent-scene.ts';
import type { AgentScene } from '../../test/agent-scene.ts';
import { clusterUid, installationUid } from '../../test/test-central.ts';

function eventOf(scene: AgentScene, type: string) {
  return scene.central.audit.events.find(
    (event) => typeof event !== 'string' && event.type === type,
  ) as { readonly result?: object; readonly details?: Record<string, unknown> } | undefined;
}

async function refusedAs(scene: AgentScene, code: string): Promise<void> {
  await eventually(() => expect(scene.central.told.refused.at(-1)?.code).toBe(code));
}

function sendRevoke(scene: AgentScene, more: Partial<wire.Revocation>, nonce = 1): void {
  const revoked = [{ key: 'BINDING/a', subject: 'ambit:ben' }];
  const revocation = { installationUid, clusterUid, stateEpoch: 1, revision: 9, revoked, ...more };
  const envelope = scene.central.sign('revoke', revocationCodec.encode(revocation));
  scene.central.send({ message: 'revoke', revoke: { nonce, envelope } });
}

describe('a point of the history names one state for ever', () => {
  test(
    'a restored database that reaches the held revision with other content is refused as equivocation',
    inScene(async (scene) => {
      const { central } = scene;
      central.commit([binding('a', ['ada', 'ben'])]);
      central.commit([binding('a', ['ada'])]);
      await scene.join();
      await scene.holds('ambit:ada');
      // Revision 2 is restored, and an ordinary commit takes number 3 again.
      await central.restore([binding('a', ['ada', 'ben']), binding('z', ['zoe'])], 3, false);
      await refusedAs(scene, 'equivocation');
      await eventually(() =>
        expect(eventOf(scene, 'state.equivocation')).toMatchObject({
          result: { code: 'equivocation' },
        }),
      );
      expect(await scene.subjects()).toEqual(['ambit:ada']);
    }),
  );

  test(
    'another lineage at the held revision is refused, after a restart without its state too',
    inScene(async (scene) => {
      const { central } = scene;
      central.lineage = Buffer.from('first');
      central.commit([binding('a', ['ada'])]);
      const agent = await scene.join();
      await scene.holds('ambit:ada');
      const other = { ...central.manifest(), lineage: Buffer.from('other') };
      const manifest = central.sign('manifest', manifestCodec.encode(other));
      central.send({ message: 'upToDate', upToDate: { nonce: 90, manifest } });
      await eventually(() => expect(eventOf(scene, 'state.equivocation')).toBeDefined());
      await scene.stop(agent);
      const state = join(agent.dataFolder, 'state');
      for (const name of await readdir(state)) {
        if (name !== 'high-water.json') await rm(join(state, name));
      }
      central.lineage = Buffer.from('other');
      await scene.start();
      await refusedAs(scene, 'equivocation');
      const hello = central.told.hellos.at(-1);
      expect(hello?.held).toMatchObject({ revision: 2, stale: true });
      expect(Buffer.from(hello?.held?.lineage ?? []).toString()).toBe('first');
      expect(await scene.subjects()).toEqual(['ambit:ada']);
    }),
  );

  test(
    'a revocation that came before the epoch was raised over it is in force, over a restart too',
    inScene(async (scene) => {
      const { central } = scene;
      central.commit([binding('a', ['ada', 'ben'])]);
      central.revision = 100;
      central.commit([binding('a', ['ada', 'ben'])]);
      await scene.join();
      await scene.holds('ambit:ada', 'ambit:ben');
      await eventually(() => expect(central.told.accepted.at(-1)).toBe(101));
      // Of the raised epoch only the time is heard: its first state is not accepted.
      await central.restore([binding('a', ['ada', 'ben'])], 50, true);
      const explained = central.manifest.bind(central);
      central.manifest = () => ({ ...explained(), root: Buffer.alloc(32) });
      await refusedAs(scene, 'root_mismatch');
      sendRevoke(scene, { stateEpoch: 2, revision: 51 });
      await scene.holds('ambit:ada');
      await scene.stopAll();
      await central.stop();
      await scene.start();
      await eventually(() => expect(scene.logged('there is no stream to central')).toBe(true));
      expect(await scene.subjects()).toEqual(['ambit:ada']);
    }),
  );

  test(
    'revisions, epochs and times near the end of numbers are refused, and nothing of them is kept',
    inScene(async (scene) => {
      const { central } = scene;
      central.commit([binding('a', ['ada', 'ben'])]);
      const agent = await scene.join();
      await scene.holds('ambit:ada', 'ambit:ben');
      const huge = 2 ** 53 - 1;
      sendRevoke(scene, { revision: huge }, 1);
      const manifest = { ...central.manifest(), revision: huge };
      const signed = central.sign('manifest', manifestCodec.encode(manifest));
      central.send({ message: 'upToDate', upToDate: { nonce: 90, manifest: signed } });
      const later = central.sign('manifest', manifestCodec.encode(central.manifest()));
      central.send({ message: 'upToDate', upToDate: { nonce: huge, manifest: later } });
      central.send({ message: 'centralTime', centralTime: { envelope: central.signTime(huge) } });
      await eventually(() => {
        const codes = central.audit.events.flatMap((event) =>
          typeof event === 'string' ? [] : [event.result?.code],
        );
        expect(codes.filter((code) => code === 'out_of_range')).toHaveLength(4);
      });
      await scene.stop(agent);
      central.commit([binding('a', ['ada'])]);
      await scene.start();
      await scene.holds('ambit:ada');
      expect(central.told.hellos.at(-1)?.held).toMatchObject({ stateEpoch: 1, revision: 2 });
    }),
  );
});

describe('removals that were held and let through', () => {
  test(
    'do not come back by old files of the agent, whichever are put back',
    inScene(
      async (scene) => {
        const { central } = scene;
        const many = ['ben', 'cleo', 'dan'].map((name) => binding(name, [name], { shard: '1' }));
        central.commit([binding('a', ['ada']), ...many]);
        const agent = await scene.join();
        await scene.holds('ambit:ada', 'ambit:ben', 'ambit:cleo', 'ambit:dan');
        central.explainedFrom = 3;
        central.commit(
          [],
          many.map(({ key }) => key),
        );
        await eventually(() =>
          expect(central.told.statuses.at(-1)?.conditions).toEqual([
            'REMOVALS_HELD',
            'ADMISSION_POLICY_UNSUPPORTED',
          ]),
        );
        const state = join(agent.dataFolder, 'state');
        const older = join(scene.folder, 'older');
        await scene.stop(agent);
        await cp(state, older, { recursive: true });
        await scene.start();
        await scene.connected();
        central.command('ORDER_RELEASE_REMOVALS');
        await scene.holds('ambit:ada');
        await scene.stopAll();
        await central.stop();
        for (const back of [['unexplained'], ['unexplained', 'high-water.json']]) {
          for (const name of back) await cp(join(older, name), join(state, name));
          const next = await scene.start();
          await eventually(async () => {
            const answer = await fetch(`${next.healthUrl}/readyz?verbose`);
            expect(await answer.text()).toContain('[+] lists');
          });
          await eventually(() => expect(scene.logged('reconciling begins')).toBe(true));
          expect(await scene.subjects()).toEqual(['ambit:ada']);
          await scene.stop(next);
        }
      },
      { removalGuard: { share: 0.3, moreThan: 1 } },
    ),
  );
});

describe('a raised epoch', () => {
  test(
    'what it gives beyond what was held waits, over a restart and the loss of its file too, and is told',
    inScene(async (scene) => {
      const { central } = scene;
      central.commit([binding('a', ['ada', 'ben']), binding('c', ['cleo'])]);
      central.commit([binding('a', ['ada']), binding('d', ['dan'])]);
      await scene.join();
      await scene.holds('ambit:ada', 'ambit:cleo', 'ambit:dan');
      // Restored to revision 2, when ben still had it and dan did not.
      await central.restore([binding('a', ['ada', 'ben']), binding('c', ['cleo'])], 3, true);
      await scene.holds('ambit:ada', 'ambit:cleo');
      await eventually(() =>
        expect(central.told.statuses.at(-1)).toMatchObject({
          conditions: ['GAINS_HELD', 'ADMISSION_POLICY_UNSUPPORTED'],
          report: { heldGains: 1, problems: [{ key: 'BINDING/a', reason: 'held' }] },
        }),
      );
      await eventually(() =>
        expect(eventOf(scene, 'state.epoch_taken')?.details).toEqual({
          stateEpoch: 2,
          revision: 3,
          heldEpoch: 1,
          heldRevision: 3,
          gainedBindings: 1,
          lostBindings: 1,
          gained: ['ambit:ben view payments'],
          lost: ['ambit:dan view payments'],
          more: 0,
        }),
      );
      // An ordinary commit after it gives what it says, and not what waits.
      central.commit([binding('e', ['eli'])]);
      await scene.holds('ambit:ada', 'ambit:cleo', 'ambit:eli');
      await scene.stopAll();
      const again = await scene.start();
      await scene.connected();
      central.commit([binding('f', ['fay'])]);
      await scene.holds('ambit:ada', 'ambit:cleo', 'ambit:eli', 'ambit:fay');
      await scene.stopAll();
      await rm(join(again.dataFolder, 'state', 'unexplained'));
      await scene.start();
      await scene.connected();
      await eventually(() =>
        expect(central.told.statuses.at(-1)?.conditions).toEqual([
          'GAINS_HELD',
          'ADMISSION_POLICY_UNSUPPORTED',
        ]),
      );
      expect(await scene.subjects()).not.toContain('ambit:ben');
    }),
  );

  test(
    'what it takes away beyond the removal guard waits beside what it gives, over a restart, and each is let through alone',
    inScene(
      async (scene) => {
        const { central } = scene;
        const many = ['ben', 'cleo', 'dan'].map((name) => binding(name, [name], { shard: '1' }));
        central.commit([binding('a', ['ada']), ...many]);
        await scene.join();
        const held = ['ambit:ada', 'ambit:ben', 'ambit:cleo', 'ambit:dan'];
        await scene.holds(...held);
        const waiting = async (): Promise<void> => {
          await eventually(() =>
            expect(central.told.statuses.at(-1)).toMatchObject({
              conditions: expect.arrayContaining(['GAINS_HELD', 'REMOVALS_HELD']),
              report: { heldGains: 1, heldRemovals: 3 },
            }),
          );
          expect(await scene.subjects()).toEqual(held);
        };
        await central.restore([binding('a', ['ada', 'eve'])], 2, true);
        await waiting();
        await eventually(() =>
          expect(eventOf(scene, 'state.epoch_taken')?.details).toMatchObject({
            stateEpoch: 2,
            gainedBindings: 1,
            lostBindings: 3,
            gained: ['ambit:eve view payments'],
            lost: [
              'ambit:ben view payments',
              'ambit:cleo view payments',
              'ambit:dan view payments',
            ],
            more: 0,
          }),
        );
        // An ordinary commit after it lets neither through.
        central.commit([binding('f', ['fay'])]);
        held.push('ambit:fay');
        await scene.holds(...held);
        await scene.stopAll();
        await scene.start();
        await scene.connected();
        await waiting();
        central.command('ORDER_RELEASE_GAINS');
        await scene.holds(...held, 'ambit:eve');
        central.command('ORDER_RELEASE_REMOVALS');
        await scene.holds('ambit:ada', 'ambit:eve', 'ambit:fay');
        await eventually(() =>
          expect(central.told.statuses.at(-1)?.conditions).toEqual([
            'ADMISSION_POLICY_UNSUPPORTED',
          ]),
        );
      },
      { removalGuard: { share: 0.3, moreThan: 1 } },
    ),
  );

  test(
    'what waits is given when a later commit takes it away and gives it again',
    inScene(async (scene) => {
      const { central } = scene;
      central.commit([binding('a', ['ada'])]);
      await scene.join();
      await scene.holds('ambit:ada');
      await central.restore([binding('a', ['ada', 'ben'])], 2, true);
      await eventually(() =>
        expect(central.told.statuses.at(-1)?.conditions).toEqual([
          'GAINS_HELD',
          'ADMISSION_POLICY_UNSUPPORTED',
        ]),
      );
      expect(await scene.subjects()).toEqual(['ambit:ada']);
      central.commit([binding('a', ['ada'])]);
      await eventually(() =>
        expect(central.told.statuses.at(-1)?.conditions).toEqual(['ADMISSION_POLICY_UNSUPPORTED']),
      );
      central.commit([binding('a', ['ada', 'ben'])]);
      await scene.holds('ambit:ada', 'ambit:ben');
    }),
  );

  test(
    'whoever was revoked after the state that was held does not come back by it',
    inScene(async (scene) => {
      const { central } = scene;
      central.commit([binding('a', ['ada', 'ben'])]);
      await scene.join();
      await scene.holds('ambit:ada', 'ambit:ben');
      sendRevoke(scene, { revision: 9 });
      await scene.holds('ambit:ada');
      await central.restore([binding('a', ['ada', 'ben'])], 2, true);
      await eventually(() =>
        expect(central.told.statuses.at(-1)?.conditions).toEqual([
          'GAINS_HELD',
          'ADMISSION_POLICY_UNSUPPORTED',
        ]),
      );
      expect(await scene.subjects()).toEqual(['ambit:ada']);
    }),
  );
});
