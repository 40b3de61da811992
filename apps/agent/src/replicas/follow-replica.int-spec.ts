import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RecordingLogger } from '@ambit/testing';
import { createEnvelopeSigner, generateSigningKey, readTrust, trustToText } from '@ambit/transport';
import { AgentScene, binding } from '../../test/agent-scene.ts';
import { SecretModel } from '../../test/secret-model.ts';
import { TestThief } from '../../test/test-thief.ts';
import { IdentityFile, readIdentity, writeIdentity } from '../identity/agent-identity.ts';
import type { AgentIdentityRecord } from '../identity/agent-identity.ts';
import { identityTrust } from '../identity/agent-trust.ts';
import { openDataFolder } from '../platform/data-folder.ts';
import type { DataFolder } from '../platform/data-folder.ts';
import { readMarks, writeMarks } from '../state/high-water-text.ts';
import { ObjectInventory } from '../state/object-inventory.ts';
import { StateStore } from '../state/state-store.ts';
import { followReplica } from './follow-replica.ts';
import { SharedSecret } from './shared-secret.ts';

let scene: AgentScene;
let kubeSystemUid: string;
let ours: AgentIdentityRecord;
let model: SecretModel;
let logger: RecordingLogger;
let thief: TestThief;

const dataDir = (): string => join(scene.folder, 'data');
const good = (): string => join(scene.folder, 'good');

beforeAll(async () => {
  scene = await AgentScene.open();
  thief = await TestThief.of(scene.central.registrar.ca);
  scene.central.commit([binding('a', ['ada'])]);
  const agent = await scene.join();
  await scene.holds('ambit:ada');
  await scene.stop(agent);
  ours = readIdentity(await readFile(join(agent.dataFolder, 'identity', 'identity.json'), 'utf8'));
  ({ kubeSystemUid } = ours);
  await cp(dataDir(), good(), { recursive: true });
});
afterAll(() => scene?.close());

beforeEach(async () => {
  await rm(dataDir(), { recursive: true });
  await cp(good(), dataDir(), { recursive: true });
  model = new SecretModel();
  logger = new RecordingLogger();
});

async function withFolder<T>(body: (folder: DataFolder) => Promise<T>): Promise<T> {
  const folder = await openDataFolder(dataDir(), kubeSystemUid, 'no wait');
  try {
    return await body(folder);
  } finally {
    await folder.release();
  }
}

/** A replica of this name begins to act on the disk. */
function begins(replica: string): Promise<void> {
  const parts = { client: model.client(), namespace: 'ambit-system', replica, logger };
  const ports = { kubeSystemUid, replica, logger };
  return withFolder((folder) => followReplica(new SharedSecret(parts), folder, ports));
}

const loaded = () => withFolder(({ identity }) => new IdentityFile(identity).load());

function isStale(): Promise<boolean> {
  return withFolder(async ({ state }) => {
    const store = await StateStore.open(state);
    await store.close();
    return store.stale;
  });
}

/** Central is heard and sends the whole state. */
async function hearsCentral(): Promise<void> {
  const agent = await scene.start();
  await scene.connected();
  await scene.takeAway();
  await scene.holds('ambit:ada');
  await scene.stop(agent);
}

describe('the state on the disk of a replica', () => {
  test('gives on when this disk was written last', async () => {
    await begins('a1');
    await hearsCentral();
    for (const replica of ['a2', 'a3']) {
      await begins(replica);
      expect(await isStale()).toBe(false);
    }
  });

  const others: Readonly<Record<string, (texts: Record<string, string>) => SecretTexts>> = {
    'another replica acted': (texts) => ({ ...texts, replica: 'b' }),
    'the Secret is gone': () => undefined,
    'it was emptied': () => ({}),
    'it has lost the marks': ({ replica = '' }) => ({ replica }),
    'its marks cannot be read': (texts) => ({ ...texts, 'high-water.json': '{}' }),
  };
  type SecretTexts = Record<string, string> | undefined;

  test.each(Object.keys(others))('gives nothing until central is heard when %s', async (what) => {
    await begins('a1');
    await hearsCentral();
    model.put(others[what]?.({ ...model.texts }));
    // Nor after another start that does not hear central.
    for (const replica of ['a2', 'a3']) {
      await begins(replica);
      expect(await isStale()).toBe(true);
    }
    await hearsCentral();
    expect(await isStale()).toBe(false);
  });
});

describe('an identity in the Secret that ends later', () => {
  const renewed = async (more: Partial<AgentIdentityRecord>): Promise<AgentIdentityRecord> => {
    const { registrar } = scene.central;
    registrar.lifeMs = 400 * 86_400_000;
    const { certificateChain, privateKey } = await registrar.identity();
    registrar.lifeMs = undefined;
    return { ...ours, certificateChain, privateKey, server: 'other:7443', ...more };
  };

  test('is taken when it is that of this agent', async () => {
    const theirs = await renewed({});
    model.put({ 'identity.json': writeIdentity(theirs), replica: 'b' });
    await begins('a');
    expect(await loaded()).toEqual(theirs);
  });

  /** What a thief who read the Secret could write into it. */
  const keys = () => [thief.signer.publicKey];
  const planted: Readonly<Record<string, () => Partial<AgentIdentityRecord>>> = {
    'another state key': () => ({ stateKeys: keys() }),
    'another state key beside ours': () => ({ stateKeys: [...ours.stateKeys, ...keys()] }),
    'another epoch key': () => ({ epochKeys: keys() }),
    'another CA': () => ({ ca: thief.ca.certificatePem }),
    'a later version that nobody signed': () => ({ stateKeys: keys(), trustVersion: 900 }),
    'a later version that it signed itself': () => ({
      stateKeys: keys(),
      trustVersion: 900,
      trustSteps: [trustToText(thief.trust(900)), 'no step'],
    }),
    'an epoch where trust begins': () => ({ stateEpoch: ours.stateEpoch + 7 }),
  };
  test.each(Object.entries(planted))('plants no trust: %s', async (_, more) => {
    const theirs = await renewed(more());
    model.put({ 'identity.json': writeIdentity(theirs), replica: 'b' });
    await begins('a');
    const { ca, stateKeys, epochKeys, trustVersion, stateEpoch } = ours;
    const trusted = { ca, stateKeys, epochKeys, trustVersion, stateEpoch };
    expect(await loaded()).toEqual({ ...theirs, ...trusted });
    expect(readIdentity(model.texts?.['identity.json'] ?? '')).toMatchObject(trusted);
    expect(logger.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  test('brings the trust that came by steps which our keys signed', async () => {
    const { central } = scene;
    central.offerKeys(createEnvelopeSigner(generateSigningKey()), thief.ca, 2);
    const newest = central.registrar.trust.at(-1);
    const trust = newest && readTrust(newest);
    if (trust === undefined) throw new Error('central offers nothing');
    const trustSteps = central.registrar.trust.map(trustToText);
    const theirs = writeIdentity(await renewed({ ...identityTrust(trust), trustSteps }));
    model.put({ 'identity.json': theirs, replica: 'b' });
    await begins('a');
    expect(await loaded()).toEqual(readIdentity(theirs));
    expect((await loaded())?.stateKeys).toHaveLength(2);
    expect(logger.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test.each(['installationUid', 'clusterUid', 'agentUid'])(
    'is refused when its %s is another, with what is told, and stays for whoever looks',
    async (name) => {
      const theirs = writeIdentity(await renewed({ [name]: 'other' }));
      model.put({ 'identity.json': theirs, replica: 'b' });
      await begins('a');
      expect(await loaded()).toEqual(ours);
      expect(model.texts).toMatchObject({ 'identity.json': theirs, replica: 'a' });
      const [told] = logger.lines.filter(({ level }) => level === 'error');
      expect(told?.fields['differs']).toBe(name);
    },
  );

  test('is taken by one whose own central refused', async () => {
    const theirs = await renewed({ agentUid: 'other' });
    await withFolder(({ identity }) => new IdentityFile(identity).markRefused('revoked'));
    model.put({ 'identity.json': writeIdentity(theirs), replica: 'b' });
    await begins('a');
    expect(await loaded()).toEqual(theirs);
  });

  test('nor do marks of another installation replace those of the disk', async () => {
    const read = () =>
      withFolder(async ({ highWater }) => readMarks(await readFile(highWater, 'utf8')));
    const before = await read();
    const marks = writeMarks({ ...before, installationUid: 'other', accepted: undefined });
    model.put({ 'high-water.json': marks, replica: 'b' });
    await begins('a');
    expect(await read()).toEqual(before);
    expect(readMarks(model.texts?.['high-water.json'] ?? '')).toEqual(before);
  });
});

describe('a disk that is damaged', () => {
  const marksOf = async ({ highWater }: DataFolder): Promise<string> => readFile(highWater, 'utf8');
  const damaged = {
    identity: ({ identity }: DataFolder) => join(identity, 'identity.json'),
    marks: ({ highWater }: DataFolder) => highWater,
  };

  test.each(Object.entries(damaged))(
    'gets its %s from the Secret, and tells',
    async (_, pathOf) => {
      await begins('a1');
      const before = await withFolder(marksOf);
      await withFolder((folder) => writeFile(pathOf(folder), '{"a":1}'));
      await begins('a2');
      expect(await loaded()).toEqual(ours);
      expect(readMarks(await withFolder(marksOf))).toEqual(readMarks(before));
      expect(logger.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    },
  );

  test('does not begin without an identity anywhere', async () => {
    await withFolder((folder) => writeFile(damaged.identity(folder), '{"a":1}'));
    await expect(begins('a')).rejects.toMatchObject({ code: 'storage_unwritable' });
    expect(model.texts).toEqual({});
  });
});

test('of ends that another replica may have moved the inventory says nothing, and goes on proving what is ours', async () => {
  const key = 'RoleBinding/payments/ambit-view-abcdefghijkl';
  const inventory = () => withFolder((folder) => ObjectInventory.open(folder.inventory, logger));
  await begins('a1');
  await hearsCentral();
  await withFolder(async (folder) => {
    const written = await ObjectInventory.open(folder.inventory, logger);
    written.put(key, 'u1', 5_000);
    await written.flush();
  });
  await begins('a2');
  expect((await inventory()).end(key)).toBe(5_000);
  model.put({ ...model.texts, replica: 'b' });
  await begins('a3');
  expect((await inventory()).end(key)).toBeUndefined();
  expect((await inventory()).uid(key)).toBe('u1');
});
