import { describe, expect, test } from '@jest/globals';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kubeResources } from '@ambit/kube';
import { encodeIntent, manifestCodec, revocationCodec } from '@ambit/protocol';
import { eventually } from '@ambit/testing';
import { binding, inScene } from '../../test/agent-scene.ts';
import { clusterUid, installationUid } from '../../test/test-central.ts';

const minuteMs = 60_000;

describe('an agent and its central', () => {
  test(
    'takes the state, applies it, and says so; a delta follows',
    inScene(async (scene) => {
      const { central } = scene;
      central.commit([binding('a', ['ada', 'ben'])]);
      await scene.join();
      await scene.holds('ambit:ada', 'ambit:ben');
      await eventually(() => expect(central.told.applied.at(-1)?.revision).toBe(2));
      central.commit([binding('a', ['ada'])], [], [{ key: 'BINDING/a', subject: 'ambit:ben' }]);
      await scene.holds('ambit:ada');
      await eventually(() => expect(central.told.applied.at(-1)?.revision).toBe(3));
      expect(central.told.accepted).toEqual([2, 3]);
      expect(central.told.states).toEqual(['full', 'delta']);
    }),
  );

  test(
    'case U20: is connected and ready within seconds of its start, and says so where it is asked',
    inScene(async (scene) => {
      const agent = await scene.join();
      const ready = async () => (await fetch(`${agent.healthUrl}/readyz?verbose`)).text();
      await eventually(async () => expect(await ready()).toMatch(/^ready$/m));
      expect(await ready()).toContain(`[+] stream: connected to ${scene.central.address}`);
      const metrics = async () => (await fetch(`${agent.healthUrl}/metrics`)).text();
      expect(await metrics()).toMatch(/^ambit_agent_connected 1$/m);
      scene.central.commit([binding('a', ['ada'])]);
      await scene.holds('ambit:ada');
      await eventually(async () => {
        const text = await metrics();
        expect(text).toMatch(/^ambit_agent_reconcile_total\{result="in_force"\} [1-9]/m);
        expect(text).toMatch(/^ambit_agent_reconcile_duration_seconds_count [1-9]/m);
        expect(text).toMatch(/^ambit_agent_objects\{kind="RoleBinding"\} 1$/m);
      });
    }),
  );

  test(
    'case 39: readiness follows the stream, and a central that was away is found again unaided',
    inScene(async (scene) => {
      const { central } = scene;
      const agent = await scene.join();
      const readyz = async () => (await fetch(`${agent.healthUrl}/readyz`)).text();
      await eventually(async () => expect(await readyz()).toContain('ready'));
      await central.stop();
      await eventually(async () => expect(await readyz()).toMatch(/\[-\] stream: /));
      await central.listen();
      await scene.connected();
      await eventually(async () => expect(await readyz()).toBe('ready\n'));
      central.commit([binding('a', ['ada'])]);
      await scene.holds('ambit:ada');
    }),
  );

  test(
    'goes on from the disk when it is started without central',
    inScene(async (scene) => {
      const { central } = scene;
      central.commit([binding('a', ['ada']), binding('b', ['ben'], { shard: '1' })]);
      const first = await scene.join();
      await scene.holds('ambit:ada', 'ambit:ben');
      await scene.stop(first);
      await central.stop();
      await scene.takeAway();
      await scene.start();
      await scene.holds('ambit:ada', 'ambit:ben');
    }),
  );

  test(
    'ends a grant in time while central is away, also after a restart',
    inScene(async (scene) => {
      const { central } = scene;
      const first = await scene.join();
      const notAfter = await scene.givenUntilSoon(
        3_000,
        (end) =>
          central.commit([
            binding('a', ['ada']),
            binding('b', ['ben'], { grantUid: 'g', notAfter: end }),
          ]),
        'ambit:ada',
        'ambit:ben',
      );
      await central.stop();
      await scene.stop(first);
      await scene.start();
      await scene.holds('ambit:ada');
      expect(Date.now()).toBeGreaterThanOrEqual(notAfter);
      await central.listen();
      await eventually(() => expect(central.audit.types).toContain('grant.enforced_end'));
    }),
  );

  test(
    'what a newer central writes gives nothing, takes nothing of the rest, is told, and outlives a restart',
    inScene(async (scene) => {
      const { central } = scene;
      const whole = binding('b', ['ben'], { shard: '1' });
      central.commit([binding('a', ['ada']), whole]);
      const first = await scene.join();
      await scene.holds('ambit:ada', 'ambit:ben');
      // Field 15 of the binding may narrow it; nobody here knows the section.
      const narrowed = Uint8Array.of(...encodeIntent(whole), 0x78, 0x01);
      central.commitNewer({ [whole.key]: narrowed, 'LATER/x': Uint8Array.of(1) });
      await scene.holds('ambit:ada');
      const told = (): string[] | undefined =>
        central.told.applied.at(-1)?.report.problems.map(({ key, reason }) => `${reason} ${key}`);
      const notUnderstood = [`not_understood ${whole.key}`, 'not_understood LATER/x'];
      await eventually(() => expect(told()?.sort()).toEqual(notUnderstood));
      await scene.stop(first);
      await central.stop();
      await scene.start();
      await scene.holds('ambit:ada');
      await central.listen();
      central.commit([whole], ['LATER/x']);
      await scene.holds('ambit:ada', 'ambit:ben');
      await eventually(() => expect(told()).toEqual([]));
    }),
  );

  test(
    'outside row B.8: a revision that goes through is a line for debugging only',
    inScene(async (scene) => {
      const { central } = scene;
      central.commit([binding('a', ['ada'])]);
      await scene.join();
      await eventually(() => expect(central.told.applied.at(-1)?.revision).toBe(2));
      const before = scene.logger.lines.length;
      for (const name of ['ben', 'cleo', 'dan']) {
        central.commit([binding('a', ['ada', name])]);
        await scene.holds('ambit:ada', `ambit:${name}`);
      }
      await eventually(() => expect(central.told.applied.at(-1)?.revision).toBe(5));
      const lines = scene.logger.lines.slice(before);
      expect(lines.filter(({ level }) => level !== 'debug')).toEqual([]);
      const accepted = lines.filter(({ message }) => message === 'a state was accepted');
      expect(accepted.map(({ fields }) => fields['revision'])).toEqual([3, 4, 5]);
    }),
  );

  test(
    'an unchanged state costs nothing when the agent comes back',
    inScene(async (scene) => {
      const { central } = scene;
      central.commit([binding('a', ['ada'])]);
      const first = await scene.join();
      await eventually(() => expect(central.told.applied).toHaveLength(1));
      await scene.stop(first);
      expect(central.told.goodbyes).toEqual(['the agent stops']);
      await scene.start();
      await scene.connected();
      await eventually(() => expect(central.told.states).toEqual(['full', 'up_to_date']));
      const hello = central.told.hellos.at(-1);
      expect(hello).toMatchObject({ held: { revision: 2 } });
      // It dials before it has looked at its objects or after: then the Hello says so, or APPLIED does.
      await eventually(() => {
        const again = central.told.applied.slice(1).map(({ revision }) => revision);
        expect([hello?.appliedRevision, ...again]).toContain(2);
      });
    }),
  );

  test(
    'what was applied while there was no stream is told on the next one',
    inScene(async (scene) => {
      const { central } = scene;
      central.commit([binding('a', ['ada'])]);
      const fault = scene.cluster.faults.inject({
        match: { verb: 'create', resource: 'rolebindings' },
        status: 503,
      });
      await scene.join();
      await eventually(() => expect(central.told.accepted).toEqual([2]));
      await eventually(() => expect(fault.met).toBeGreaterThan(0));
      await central.stop();
      fault.disarm();
      await scene.holds('ambit:ada');
      expect(central.told.applied).toEqual([]);
      await central.listen();
      await eventually(() => expect(central.told.applied.at(-1)?.revision).toBe(2));
      expect(central.told.states).toEqual(['full', 'up_to_date']);
    }),
  );

  test(
    'what was changed on the disk is not applied: central is asked for all of it',
    inScene(async (scene) => {
      const { central } = scene;
      central.commit([binding('a', ['ada'])]);
      const first = await scene.join();
      await scene.holds('ambit:ada');
      await scene.stop(first);
      const state = join(first.dataFolder, 'state');
      const path = join(state, 'snapshot');
      // The length of every field stays: only a name in a body becomes another, and the checksum is made to fit.
      const bytes = await readFile(path);
      bytes.write('eve', bytes.indexOf('ambit:ada') + 'ambit:'.length);
      const { crc32 } = await import('node:zlib');
      bytes.writeUInt32BE(crc32(bytes.subarray(12)), 8);
      await writeFile(path, bytes);
      await scene.start();
      await scene.connected();
      await eventually(() => expect(central.told.states).toEqual(['full', 'full']));
      await scene.holds('ambit:ada');
      expect(scene.logged('the state on disk is not applied')).toBe(true);
      expect(central.told.hellos.at(-1)?.held).toMatchObject({ revision: 2, stale: true });
    }),
  );

  test(
    'case 95: an older state is refused, and an older central is told that the agent is ahead',
    inScene(async (scene) => {
      const { central } = scene;
      central.commit([binding('a', ['ada'])]);
      central.commit([binding('b', ['ben'], { shard: '1' })]);
      const agent = await scene.join();
      await scene.holds('ambit:ada', 'ambit:ben');
      const older = { ...central.manifest(), revision: 2 };
      central.send({
        message: 'upToDate',
        upToDate: { nonce: 90, manifest: central.sign('manifest', manifestCodec.encode(older)) },
      });
      await eventually(() => {
        const refusal = central.audit.events.find(
          (event) => typeof event !== 'string' && event.type === 'agent.state_refused',
        );
        expect(refusal).toMatchObject({ result: { code: 'rollback' } });
      });
      await scene.stop(agent);
      central.goBackTo(2);
      await scene.start();
      await eventually(() => expect(scene.lastWords()).toContain("newer than central's"));
      expect(await scene.subjects()).toEqual(['ambit:ada', 'ambit:ben']);
    }),
  );

  test(
    'what is not signed for this cluster changes nothing and is told',
    inScene(async (scene) => {
      const { central } = scene;
      central.commit([binding('a', ['ada'])]);
      await scene.join();
      await scene.holds('ambit:ada');
      const of = {
        installationUid,
        stateEpoch: 1,
        revision: 99,
        revoked: [{ key: '', subject: '' }],
      };
      const foreign = revocationCodec.encode({ ...of, clusterUid: 'cluster-2' });
      const forged = central.sign('revoke', revocationCodec.encode({ ...of, clusterUid }));
      central.send({
        message: 'revoke',
        revoke: { nonce: 90, envelope: central.sign('revoke', foreign) },
      });
      central.send({
        message: 'revoke',
        revoke: { nonce: 91, envelope: { ...forged, payload: foreign } },
      });
      await eventually(() =>
        expect(central.audit.types.filter((type) => type === 'agent.state_refused')).toHaveLength(
          2,
        ),
      );
      expect(await scene.subjects()).toEqual(['ambit:ada']);
    }),
  );

  test(
    'a revocation is in force over a restart until a state contains it',
    inScene(async (scene) => {
      const { central } = scene;
      central.commit([binding('a', ['ada', 'ben'])]);
      const agent = await scene.join();
      await scene.holds('ambit:ada', 'ambit:ben');
      const revoked = [{ key: 'BINDING/a', subject: 'ambit:ben' }];
      const revocation = { installationUid, clusterUid, stateEpoch: 1, revision: 9, revoked };
      const envelope = central.sign('revoke', revocationCodec.encode(revocation));
      central.send({ message: 'revoke', revoke: { nonce: 1, envelope } });
      await scene.holds('ambit:ada');
      // A state that does not contain it yet leaves it in force.
      central.commit([binding('c', ['cleo'], { shard: '1' })]);
      await scene.holds('ambit:ada', 'ambit:cleo');
      await central.stop();
      await scene.stop(agent);
      await scene.start();
      await eventually(() => expect(scene.logged('there is no stream to central')).toBe(true));
      expect(await scene.subjects()).toEqual(['ambit:ada', 'ambit:cleo']);
      await central.listen();
      central.goBackTo(8);
      central.commit([]);
      await scene.connected();
      await scene.holds('ambit:ada', 'ambit:ben', 'ambit:cleo');
    }),
  );

  test(
    'comes back in the window that a draining central names, and stays away when superseded',
    inScene(async (scene) => {
      const { central } = scene;
      await scene.join();
      central.drain(100, 200);
      await eventually(() => expect(central.told.hellos).toHaveLength(2));
      await scene.connected();
      central.supersede();
      await eventually(() => expect(central.connected).toBe(false));
      await eventually(() => {
        const reasons = scene.logger.lines.map(({ fields }) => fields['reason']);
        expect(reasons).toContain('superseded');
      });
      expect(central.told.hellos).toHaveLength(2);
    }),
  );

  test(
    'case b62: forty connections that break at any time end with the newest state and no step back',
    inScene(async (scene) => {
      const { central } = scene;
      let agent = await scene.join();
      for (let round = 1; round <= 40; round++) {
        central.commit([binding(`r${round % 5}`, [`user-${round}`], { shard: '1' })]);
        if (round % 10 === 0) {
          await scene.stop(agent);
          agent = await scene.start();
        } else if (round % 3 === 0) central.drain(0, 20);
        else if (round % 4 === 0) {
          await central.stop();
          await central.listen();
        } else await new Promise((resolve) => setImmediate(resolve));
      }
      await scene.holds(
        'ambit:user-36',
        'ambit:user-37',
        'ambit:user-38',
        'ambit:user-39',
        'ambit:user-40',
      );
      await eventually(() => expect(central.told.applied.at(-1)?.revision).toBe(41));
      expect(central.told.accepted).toEqual(central.told.accepted.toSorted((a, b) => a - b));
      expect(central.told.refused).toEqual([]);
    }),
    2 * minuteMs,
  );
});

describe('what an agent tells', () => {
  test(
    'namespaces and allowed roles: all of them once, then what changes',
    inScene(async (scene) => {
      const { told } = scene.central;
      await scene.join();
      await eventually(() => expect(told.inventories).not.toEqual([]));
      const [first] = told.inventories;
      expect(first?.complete).toBe(true);
      expect(first?.namespaces.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['kube-system', 'payments']),
      );
      expect(first?.clusterRoles.map(({ name }) => name).sort()).toEqual(['edit', 'view']);
      const metadata = { name: 'shop', labels: { team: 'shop' } };
      await scene.admin.create(kubeResources.namespaces, {
        kind: 'Namespace',
        apiVersion: 'v1',
        metadata,
      });
      await eventually(() => {
        const last = told.inventories.at(-1);
        expect(last?.complete).toBe(false);
        expect(last?.namespaces.map(({ name }) => name)).toEqual(['shop']);
        expect(last?.namespaces[0]?.labels).toContainEqual({ key: 'team', value: 'shop' });
      });
      await scene.admin.delete(kubeResources.namespaces, { name: 'shop' });
      await eventually(() => expect(told.inventories.at(-1)?.removedNamespaces).toEqual(['shop']));
    }),
  );

  test(
    'outside case 06: what the API server serves, whole on every stream',
    inScene(async (scene) => {
      const { told } = scene.central;
      await scene.join();
      await eventually(() => {
        const parts = told.inventories.flatMap(({ apiResources }) => apiResources ?? []);
        expect(parts).toMatchObject([{ first: true, last: true }]);
        expect(parts[0]?.items).toContainEqual(
          expect.objectContaining({
            group: '',
            version: 'v1',
            resource: 'serviceaccounts',
            shortNames: ['sa'],
            namespaced: true,
          }),
        );
      });
    }),
  );

  test(
    'a ceiling that the owner narrowed, in Status and in the cluster',
    inScene(
      async (scene) => {
        const { central } = scene;
        central.commit([binding('a', ['ada'])]);
        await scene.join();
        await scene.holds('ambit:ada');
        await scene.writeCeiling({ allowedClusterRoles: ['edit'] });
        await scene.holds();
        await eventually(() => {
          const status = central.told.statuses.at(-1);
          expect(JSON.parse(status?.ceilingJson ?? '{}')).toMatchObject({
            allowedClusterRoles: ['edit'],
          });
          expect(status?.report?.problems.map(({ reason }) => reason)).toEqual(['ceiling_refused']);
        });
        await writeFile(scene.ceilingFile, 'kind: Ceiling\nspec: [');
        await eventually(() =>
          expect(central.told.statuses.at(-1)?.conditions).toContain('CEILING_INVALID'),
        );
        expect(await scene.subjects()).toEqual([]);
      },
      { allowedClusterRoles: ['view', 'edit'] },
    ),
  );

  test(
    'removals that no commit explains wait, over a restart too, until the owner lets them through',
    inScene(
      async (scene) => {
        const { central } = scene;
        const many = Array.from({ length: 6 }, (_, index) =>
          binding(`m${index}`, [`user-${index}`], { shard: '1' }),
        );
        central.commit([binding('a', ['ada']), ...many]);
        const agent = await scene.join();
        await eventually(async () => expect(await scene.subjects()).toHaveLength(7));
        central.explainedFrom = 3;
        central.commit(
          [],
          many.map(({ key }) => key),
        );
        await eventually(() =>
          expect(central.told.statuses.at(-1)?.conditions).toContain('REMOVALS_HELD'),
        );
        await scene.stop(agent);
        await scene.start();
        await scene.connected();
        await eventually(() =>
          expect(central.told.statuses.at(-1)?.report?.heldRemovals).toBeGreaterThan(0),
        );
        expect(await scene.subjects()).toHaveLength(7);
        central.command('ORDER_RELEASE_REMOVALS');
        await scene.holds('ambit:ada');
        await eventually(async () =>
          expect(await readdir(join(agent.dataFolder, 'state'))).not.toContain('unexplained'),
        );
      },
      { allowedClusterRoles: ['view'], removalGuard: { share: 0.3, moreThan: 3 } },
    ),
  );
});
