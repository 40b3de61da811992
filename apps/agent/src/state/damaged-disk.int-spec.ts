import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { AuditEventType } from '@ambit/domain';
import { kubeResources } from '@ambit/kube';
import type { BindingObject } from '@ambit/rbac';
import { isAppError } from '@ambit/kernel';
import { eventually } from '@ambit/testing';
import { AgentScene, binding } from '../../test/agent-scene.ts';
import type { RunningAgent } from '../run.ts';

/** The file as it is, and copies of the same file of another time and of another cluster; what it is damaged to. */
type Damage = (of: {
  readonly good: Buffer;
  readonly older: Buffer;
  readonly foreign: Buffer;
}) => Buffer | 'gone';

const cut =
  (share: number): Damage =>
  ({ good }) =>
    good.subarray(0, Math.floor(good.length * share));
const bytes =
  (text: string): Damage =>
  () =>
    Buffer.from(text);

const damages: Readonly<Record<string, Damage>> = {
  gone: () => 'gone',
  'of no length': bytes(''),
  'cut to 3 bytes': ({ good }) => good.subarray(0, 3),
  'cut to 9 bytes': ({ good }) => good.subarray(0, 9),
  'cut in the middle': cut(0.5),
  'without its last byte': ({ good }) => good.subarray(0, good.length - 1),
  null: bytes('null'),
  'an object of JSON': bytes('{"a":1}'),
  'a list of intents': bytes(JSON.stringify([{ ...binding('x', ['eve']), key: 'HELD/x' }])),
  binary: () => Buffer.from(Array.from({ length: 4_096 }, (_, index) => (index * 151 + 7) % 256)),
  older: ({ older }) => older,
  'of another cluster': ({ foreign }) => foreign,
};

const every = Object.keys(damages);
const everyBut = (...names: readonly string[]): string[] =>
  every.filter((name) => !names.includes(name));
/** Files that are never read, or only looked for: these ways are enough. */
const enough = ['gone', 'an object of JSON', 'a list of intents', 'binary'];

interface Outcome {
  /** The agent does not start, and says what to do: nothing else would be safe. */
  readonly refuses?: readonly string[];
  /** It starts and has nothing to tell: nothing was lost, or nothing that a first start would have. */
  readonly starts?: readonly string[];
  /** What it tells when it starts in all other ways. */
  readonly tells?: RegExp;
  /** The ways to look at. */
  readonly ways?: readonly string[];
}

const unread: Outcome = { starts: every, ways: enough };

/** What becomes of an agent that finds this file damaged. */
const outcomes: Readonly<Record<string, Outcome>> = {
  'identity/identity.json': {
    refuses: everyBut('without its last byte', 'older'),
    starts: every,
  },
  'identity/refused': unread,
  'state/snapshot': { starts: ['older'], tells: /^the state on disk is not applied/ },
  // Behind its last step there are zeros only.
  'state/log': {
    starts: ['cut in the middle', 'without its last byte'],
    tells: /^the state on disk is not applied/,
  },
  'state/high-water.json': {
    refuses: everyBut('gone', 'without its last byte', 'older', 'of another cluster'),
    starts: ['without its last byte', 'older'],
    tells: /high-water marks/,
  },
  'state/unexplained': { starts: ['gone'], tells: /^what is held back of unexplained states/ },
  'state/held-removals.json': unread,
  inventory: {
    starts: ['gone', 'of no length', 'older', 'of another cluster'],
    tells: /the inventory/,
  },
  'spool/segment': { tells: /^the audit spool is damaged/ },
  'spool/reserve': unread,
  lock: { refuses: everyBut('gone'), starts: every, ways: enough },
};
const files = Object.keys(outcomes);

function expectedOf({ refuses = [], starts = [], tells = /^never$/ }: Outcome, way: string) {
  if (refuses.includes(way)) return 'refuses';
  return starts.includes(way) ? [] : [expect.stringMatching(tells)];
}

/** What was told, each kind of it once: a file may be damaged in two ways. */
function toldBy({ tells = /^never$/ }: Outcome, told: readonly string[]): string[] {
  return [...new Set(told.map((message) => tells.exec(message)?.[0] ?? message))];
}

/** Where the file of that name lies in a data folder; the names of some hold numbers. */
async function pathOf(folder: string, file: string): Promise<string> {
  const found = await readdir(folder, { recursive: true });
  const pattern =
    file === 'state/log' ? /^state\/log-\d+$/ : file === 'spool/segment' ? /\.segment$/ : undefined;
  return join(folder, (pattern && found.find((name) => pattern.test(name))) ?? file);
}

async function contentOf(folder: string, file: string): Promise<Buffer> {
  return readFile(await pathOf(folder, file)).catch(() => Buffer.alloc(0));
}

/** Stops the agent when central has its events, so that its disk says so: what it then tells of a spool depends on that. */
async function stopWhenHeard(
  scene: AgentScene,
  agent: RunningAgent,
  type: AuditEventType,
): Promise<void> {
  const { audit } = scene.central;
  await eventually(() => expect(audit.types).toContain(type));
  await scene.stop(agent);
  expect(audit.types.at(-1)).toBe('agent.stopped');
}

/** The data folder of an agent at three times: while ben had access, after it ended, and that of another cluster. */
class Disks {
  readonly scene: AgentScene;
  readonly older: string;
  readonly good: string;
  readonly foreign: string;
  data = '';

  constructor(scene: AgentScene) {
    this.scene = scene;
    this.older = join(scene.folder, 'older');
    this.good = join(scene.folder, 'good');
    this.foreign = join(scene.folder, 'foreign');
  }

  /** The good disk with one file damaged. */
  async damage(file: string, damage: Damage): Promise<void> {
    await rm(this.data, { recursive: true });
    await cp(this.good, this.data, { recursive: true });
    const [good, older, foreign] = await Promise.all(
      [this.good, this.older, this.foreign].map((folder) => contentOf(folder, file)),
    );
    await this.put(file, damage({ good, older, foreign } as Parameters<Damage>[0]));
  }

  async put(file: string, content: Buffer | 'gone'): Promise<void> {
    const path = await pathOf(this.data, file);
    await mkdir(dirname(path), { recursive: true });
    if (content === 'gone') await rm(path, { force: true });
    else await writeFile(path, content, { mode: 0o600 });
  }

  /** Something that is no file, or one that no memory holds, in the place of a file. */
  async strange(kind: string, file: string): Promise<void> {
    const path = await pathOf(this.good, file);
    const at = join(this.data, relative(this.good, path));
    await mkdir(dirname(at), { recursive: true });
    if (kind === 'a folder') await mkdir(at, { mode: 0o700 });
    else if (kind === 'a pipe') execFileSync('sh', ['-c', 'mkfifo -m 600 "$0"', at]);
    else {
      await writeFile(at, '', { mode: 0o600 });
      await truncate(at, 8 * 1024 ** 3);
    }
  }

  async prepare(): Promise<void> {
    const { scene } = this;
    scene.central.commit([binding('a', ['ada', 'ben'])]);
    const first = await scene.join();
    await scene.holds('ambit:ada', 'ambit:ben');
    this.data = first.dataFolder;
    await stopWhenHeard(scene, first, 'binding.created');
    await cp(this.data, this.older, { recursive: true });
    const second = await scene.start();
    await scene.connected();
    scene.central.commit([binding('a', ['ada'])]);
    await scene.holds('ambit:ada');
    await stopWhenHeard(scene, second, 'binding.updated');
    await cp(this.data, this.good, { recursive: true });
    const other = await AgentScene.open({}, 'another-cluster');
    try {
      other.central.commit([binding('a', ['ben', 'eve']), binding('z', ['zoe'])]);
      const agent = await other.join();
      await other.holds('ambit:ben', 'ambit:eve', 'ambit:zoe');
      await other.stop(agent);
      await cp(agent.dataFolder, this.foreign, { recursive: true });
    } finally {
      await other.close();
    }
    await this.strangers();
    await scene.central.stop();
  }

  /** Bindings of somebody else, one of them under a name of our form. */
  async strangers(): Promise<void> {
    for (const name of strangers) {
      await this.scene.admin.create<BindingObject>(kubeResources.roleBindings, {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name, namespace: 'payments' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'admin' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'owner' }],
      });
    }
  }

  /** Starts the agent without central and waits until it would have done what it does; or its refusal to start. */
  async start(): Promise<Error | undefined> {
    this.scene.logger.lines.splice(0);
    try {
      const agent = await this.scene.start();
      await eventually(async () => {
        const answer = await fetch(`${agent.healthUrl}/readyz?verbose`);
        expect(await answer.text()).toContain('[+] lists');
      });
      await eventually(() => expect(this.scene.logged('there is no stream to central')).toBe(true));
      await this.scene.stop(agent);
      return undefined;
    } catch (error) {
      return error as Error;
    }
  }

  /** What the agent that was started last warned of. */
  alarms(): string[] {
    const { lines } = this.scene.logger;
    return lines
      .filter(({ level }) => level === 'error' || level === 'warn')
      .map(({ message }) => message)
      .filter((message) => !message.includes('no stream to central'));
  }

  async everyBinding(): Promise<string[]> {
    const { items } = await this.scene.admin.list<BindingObject>(kubeResources.roleBindings, {
      namespace: 'payments',
    });
    return items
      .flatMap(({ metadata, subjects = [] }) =>
        subjects.map(({ name }) => `${metadata.name} ${name}`),
      )
      .sort();
  }
}

const strangers = ['deployers', 'ambit-view-abcdefghijkl'];
describe('a damaged data folder grants nothing and deletes nothing of others', () => {
  let disks: Disks;
  beforeAll(async () => {
    disks = new Disks(await AgentScene.open());
    await disks.prepare();
  });
  afterAll(() => disks.scene.close());

  test.each(files)('%s, in every way', async (file) => {
    const outcome = outcomes[file] ?? {};
    const before = await disks.everyBinding();
    await disks.damage('nothing of it', () => 'gone');
    expect(await disks.start()).toBeUndefined();
    const always = new Set(disks.alarms());
    const found: Record<string, unknown> = {};
    const expected: Record<string, unknown> = {};
    for (const name of outcome.ways ?? every) {
      await disks.damage(file, damages[name] ?? bytes('gone'));
      const error = await disks.start();
      expect(await disks.everyBinding()).toEqual(before);
      const told = disks.alarms().filter((message) => !always.has(message));
      if (error !== undefined) {
        expect({ name, error, app: isAppError(error) }).toMatchObject({ app: true });
        expect(isAppError(error) && (error.extras.hint ?? '')).not.toBe('');
      }
      found[name] = error === undefined ? toldBy(outcome, told) : 'refuses';
      expected[name] = expectedOf(outcome, name);
    }
    expect(found).toEqual(expected);
  });

  test.each(['a folder', 'a pipe', 'a file of 8 GiB'])(
    '%s in the place of a file is waited for by nobody, and a refusal says what to do',
    async (kind) => {
      const before = await disks.everyBinding();
      for (const file of files) {
        await disks.damage(file, () => 'gone');
        await disks.strange(kind, file);
        const error = await disks.start();
        if (error !== undefined)
          expect({ file, error }).toMatchObject({
            error: { extras: { hint: expect.any(String) } },
          });
        expect(await disks.everyBinding()).toEqual(before);
      }
    },
  );

  test('files in the place of each other', async () => {
    const before = await disks.everyBinding();
    const names = ['state/snapshot', 'state/high-water.json', 'inventory', 'state/unexplained'];
    for (const one of [...names, 'identity/identity.json']) {
      if (one === 'state/unexplained') continue;
      for (const other of names) {
        await disks.damage(other, () => 'gone');
        await disks.put(other, await contentOf(disks.good, one));
        await disks.start();
        expect(await disks.everyBinding()).toEqual(before);
      }
    }
  });

  test('an inventory that claims the bindings of others makes none of them ours', async () => {
    const before = await disks.everyBinding();
    const { items } = await disks.scene.admin.list<BindingObject>(kubeResources.roleBindings, {
      namespace: 'payments',
    });
    const lines = items.map(
      ({ metadata: { uid, name } }) => `${uid} RoleBinding/payments/${name}\n`,
    );
    await disks.damage('inventory', () => Buffer.from(lines.join('')));
    expect(await disks.start()).toBeUndefined();
    expect(await disks.everyBinding()).toEqual(before);
  });
});
