import { describe, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commandOrderCodec, credentialOrderCodec } from '@ambit/protocol';
import type { wire } from '@ambit/protocol';
import { eventually } from '@ambit/testing';
import {
  connectToCentral,
  createCa,
  createClientRequest,
  createEnvelopeSigner,
} from '@ambit/transport';
import { fetchPinnedCa, generateAgentKey, generateSigningKey } from '@ambit/transport';
import { loadCa, trustToText } from '@ambit/transport';
import { binding, inScene } from '../../test/agent-scene.ts';
import type { AgentScene } from '../../test/agent-scene.ts';
import { TestThief } from '../../test/test-thief.ts';
import { clusterUid, installationUid } from '../../test/test-registrar.ts';
import type { RunningAgent } from '../run.ts';

interface Trusted {
  readonly ca: string;
  readonly stateKeys: readonly object[];
  readonly epochKeys: readonly object[];
  readonly certificateChain: string;
}

async function trustOf(agent: RunningAgent): Promise<Trusted> {
  const text = await readFile(join(agent.dataFolder, 'identity', 'identity.json'), 'utf8');
  const { ca, stateKeys, epochKeys, certificateChain } = JSON.parse(text) as Trusted;
  return { ca, stateKeys, epochKeys, certificateChain };
}

/** The signed bundles by which another replica sees how trust came here. */
async function stepsOf(agent: RunningAgent): Promise<readonly string[] | undefined> {
  const text = await readFile(join(agent.dataFolder, 'identity', 'identity.json'), 'utf8');
  return (JSON.parse(text) as { trustSteps?: readonly string[] }).trustSteps;
}

/** The thief takes the address of central over, with the certificate of its listener. */
async function takeOver(scene: AgentScene): Promise<TestThief> {
  const thief = await TestThief.of(scene.central.registrar.ca);
  await scene.central.stop();
  await thief.listen(scene.central.address);
  return thief;
}

async function giveBack(scene: AgentScene, thief: TestThief): Promise<void> {
  await thief.stop();
  await scene.central.listen();
  await scene.connected();
}

describe("who stole the key and certificate of central's listener", () => {
  test(
    'captures no agent by an order to rotate and an answer with a CA and state keys of its own',
    inScene(async (scene) => {
      const agent = await scene.join();
      const before = await trustOf(agent);
      const thief = await takeOver(scene);
      try {
        thief.orders = () => [{ action: 'ACTION_ROTATE_CERTIFICATE', envelope: null }];
        await eventually(() => expect(thief.hellos.length).toBeGreaterThan(0));
        await eventually(() => {
          if (thief.renewals.length === 0 && !scene.logged('refused')) throw new Error('waiting');
        });
        await giveBack(scene, thief);
      } finally {
        await thief.stop();
      }
      expect(await trustOf(agent)).toEqual(before);
      scene.central.commit([binding('a', ['ada'])]);
      await scene.holds('ambit:ada');
    }),
    60_000,
  );

  test(
    'captures no agent whose certificate is due to be renewed',
    inScene(async (scene) => {
      scene.central.registrar.lifeMs = 6_000;
      const agent = await scene.join();
      const before = await trustOf(agent);
      const thief = await takeOver(scene);
      try {
        await eventually(() => expect(thief.renewals.length).toBeGreaterThan(0));
        await eventually(() =>
          expect(
            scene.logged('the certificate could not be renewed') ||
              scene.logged('the certificate was renewed'),
          ).toBe(true),
        );
        const { ca, stateKeys, epochKeys } = await trustOf(agent);
        expect({ ca, stateKeys, epochKeys, certificateChain: before.certificateChain }).toEqual(
          before,
        );
        scene.central.registrar.lifeMs = undefined;
        await giveBack(scene, thief);
      } finally {
        await thief.stop();
      }
    }),
    60_000,
  );

  test(
    'is not obeyed: orders without a signature, of its own key, and of central for another stream',
    inScene(async (scene) => {
      await scene.join();
      const [hello] = scene.central.told.hellos;
      if (hello === undefined) throw new Error('there was no Hello');
      const { instanceId, attempt } = hello;
      const order = { installationUid, clusterUid, stateEpoch: 1, instanceId, attempt } as const;
      const bytes = commandOrderCodec.encode({
        ...order,
        sessionEpoch: 1,
        sequence: 1,
        order: 'ORDER_ROTATE_CERTIFICATE',
      });
      const recorded = scene.central.sign('command', bytes);
      const thief = await takeOver(scene);
      try {
        // It names the session that the recorded order was given in.
        thief.welcome = { sessionEpoch: 1 };
        const action = 'ACTION_ROTATE_CERTIFICATE';
        thief.orders = (now) => [
          { action, envelope: null },
          { action, envelope: thief.signer.sign('command', bytesFor(now)) },
          { action, envelope: recorded },
        ];
        await eventually(() => expect(thief.hellos.length).toBeGreaterThan(0));
        await eventually(() =>
          expect(refusals(scene)).toEqual(['bad_signature', 'replay', 'unknown_key']),
        );
        expect(thief.renewals).toEqual([]);
        await giveBack(scene, thief);
      } finally {
        await thief.stop();
      }
    }),
    60_000,
  );

  test(
    'gets no credential of anybody: what it asks has no signature, one of its own, or was meant for another stream',
    inScene(async (scene) => {
      await scene.join();
      const [hello] = scene.central.told.hellos;
      if (hello === undefined) throw new Error('there was no Hello');
      const recorded = scene.central.sign('credential', credentialFor(hello));
      const thief = await takeOver(scene);
      try {
        thief.welcome = { sessionEpoch: 1 };
        thief.asks = (now) => [
          { envelope: null },
          { envelope: thief.signer.sign('credential', credentialFor(now)) },
          { envelope: recorded },
        ];
        await eventually(() =>
          expect(refusals(scene, 'credential')).toEqual(['bad_signature', 'replay', 'unknown_key']),
        );
        expect(scene.central.audit.types).not.toContain('credential.requested');
        await giveBack(scene, thief);
      } finally {
        await thief.stop();
      }
    }),
    60_000,
  );

  test(
    'neither learns a join token nor plants keys in an agent that joins through it',
    inScene(async (scene) => {
      const thief = await takeOver(scene);
      const token = scene.central.registrar.joinToken();
      try {
        await expect(scene.start({ AMBIT_JOIN_TOKEN: token })).rejects.toMatchObject({
          code: 'server_unreachable',
          extras: { why: 'Its answer is not signed by the CA of the join token.' },
        });
        expect(thief.enrolments).toHaveLength(1);
        expect(JSON.stringify(thief.enrolments)).not.toContain(token.split('.')[1]);
        // What it heard opens nothing for a key of its own.
        const own = { ...(thief.enrolments[0] as wire.EnrollRequest), csr: Buffer.from('its own') };
        await expect(scene.central.registrar.enrol(own)).rejects.toMatchObject({
          code: 'join_token_invalid',
        });
        await thief.stop();
        await scene.central.listen();
        await scene.start({ AMBIT_JOIN_TOKEN: token });
        await scene.connected();
      } finally {
        await thief.stop();
      }
    }),
    60_000,
  );

  test(
    'plants no keys when it sends the request on to central and changes the answer',
    inScene(async (scene) => {
      const { central } = scene;
      const thief = await TestThief.of(central.registrar.ca);
      await thief.listen('127.0.0.1:0');
      const changes: ((answer: wire.EnrollResponse) => Partial<wire.EnrollResponse>)[] = [
        () => ({ trust: [thief.trust()] }),
        (answer) => ({ trust: [...answer.trust, thief.trust()] }),
        () => ({ trust: [] }),
        () => ({ clusterName: 'another' }),
        () => ({ clusterUid: 'cluster-2' }),
        () => ({ agentUid: 'agent-2' }),
        () => ({ installationUid: 'installation-2' }),
      ];
      try {
        for (const change of changes) {
          const joinToken = central.registrar.joinToken();
          const caPin = joinToken.split('.')[2] ?? '';
          const { address } = central;
          const ca = await fetchPinnedCa({ address, caPin, deadlineMs: 30_000 });
          const onward = connectToCentral({ address, ca });
          thief.answerEnroll = async (request) => {
            const answer = await onward.enroll(request, 30_000);
            return { ...answer, ...change(answer) };
          };
          const env = { AMBIT_JOIN_TOKEN: joinToken, AMBIT_AGENT_SERVER: thief.address };
          await expect(scene.start(env)).rejects.toMatchObject({
            code: expect.stringMatching(/server_unreachable|internal/),
          });
          onward.close();
        }
        // A higher epoch that nobody signed and keys that only stand beside the signed ones move nothing.
        const joinToken = central.registrar.joinToken();
        const onward = connectToCentral({
          address: central.address,
          ca: central.registrar.ca.certificatePem,
        });
        thief.answerEnroll = async (request) => ({
          ...(await onward.enroll(request, 30_000)),
          stateEpoch: 9,
          stateKeys: [thief.signer.publicKey],
          epochKeys: [thief.signer.publicKey],
          ca: [Buffer.from(thief.ca.certificate)],
        });
        const env = { AMBIT_JOIN_TOKEN: joinToken, AMBIT_AGENT_SERVER: thief.address };
        const agent = await scene.start(env);
        onward.close();
        const text = await readFile(join(agent.dataFolder, 'identity', 'identity.json'), 'utf8');
        expect(JSON.parse(text)).toMatchObject({ stateEpoch: 1, trustVersion: 1 });
        expect(text).not.toContain(thief.signer.publicKey.keyId);
        expect((await trustOf(agent)).ca).toBe(central.registrar.ca.certificatePem);
      } finally {
        await thief.stop();
      }
    }),
    60_000,
  );
});

describe('a rollover of CA and state key', () => {
  test(
    'is followed when the old state key signed it, and never back',
    inScene(async (scene) => {
      const { central } = scene;
      central.registrar.lifeMs = 2_000;
      const agent = await scene.join();
      const before = await trustOf(agent);
      const next = createEnvelopeSigner(generateSigningKey());
      const ca = await loadCa(await createCa({ name: 'next CA', now: Date.now() }));
      central.offerKeys(next, ca, 2);
      await eventually(async () => {
        const { ca: trusted, stateKeys } = await trustOf(agent);
        expect(trusted).toBe(before.ca + ca.certificatePem);
        expect(stateKeys).toHaveLength(2);
      });
      const steps = central.registrar.trust.map(trustToText);
      await eventually(async () => expect(await stepsOf(agent)).toEqual(steps));
      const old = central.registrar.trust.slice(0, 1);
      await central.useKeys(next, ca);
      central.commit([binding('a', ['ada'])]);
      await scene.holds('ambit:ada');
      const followed = await trustOf(agent);
      central.registrar.trust = old;
      await eventually(() => expect(scene.logged('whom to trust was not taken')).toBe(true));
      const { certificateChain: _, ...trust } = await trustOf(agent);
      expect(followed).toMatchObject(trust);
      expect(await stepsOf(agent)).toEqual(steps);
      await eventually(() => expect(central.audit.types).toContain('agent.trust_refused'));
      expect(central.audit.types).toContain('agent.trust_changed');
    }),
    60_000,
  );

  test(
    'costs a renewal at most once a minute when it is ordered',
    inScene(async (scene) => {
      const { central } = scene;
      await scene.join();
      for (let at = 0; at < 20; at++) central.command('ORDER_ROTATE_CERTIFICATE');
      await eventually(() => expect(central.registrar.renewals).toBe(1));
      await eventually(() => expect(central.told.hellos).toHaveLength(2));
      await scene.connected();
      for (let at = 0; at < 20; at++) central.command('ORDER_ROTATE_CERTIFICATE');
      central.commit([binding('a', ['ada'])]);
      await scene.holds('ambit:ada');
      expect(central.registrar.renewals).toBe(1);
    }),
    60_000,
  );
});

function bytesFor({ instanceId, attempt }: wire.Hello): Uint8Array {
  return commandOrderCodec.encode({
    ...{ installationUid, clusterUid, stateEpoch: 1, instanceId, attempt },
    ...{ sessionEpoch: 1, sequence: 1, order: 'ORDER_ROTATE_CERTIFICATE' },
  });
}

function credentialFor({ instanceId, attempt }: wire.Hello): Uint8Array {
  const csr = createClientRequest(generateAgentKey(), 'ambit:ada');
  return credentialOrderCodec.encode({
    ...{ installationUid, clusterUid, stateEpoch: 1, instanceId, attempt },
    ...{ sessionEpoch: 1, sequence: 1, requestId: 'one', name: 'ambit:ada' },
    ...{ principalUid: 'ada', sessionId: 'session', ttlSeconds: 600 },
    notAfter: Date.now() + 60_000,
    wanted: 'clientCertificate',
    clientCertificate: { csr },
  });
}

/** Codes of the orders that the agent refused. */
function refusals(scene: AgentScene, what = 'command'): unknown[] {
  const codes = scene.logger.lines
    .filter(({ fields }) => fields['what'] === what)
    .map(({ fields }) => fields['code']);
  return [...new Set(codes)].sort();
}
