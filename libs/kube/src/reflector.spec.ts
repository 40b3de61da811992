import { afterEach, describe, expect, test } from '@jest/globals';
import { eventually } from '@ambit/testing';
import { errorFromAnswer, localError } from './kube-error.ts';
import { Reflector } from './reflector.ts';
import type { ReflectorOptions } from './reflector-options.ts';
import { keyText, kubeResources } from './resources.ts';
import type { KubeObject } from './resources.ts';
import type { Timers } from './timers.ts';
import type { KubeList, ListOptions, ObjectVersion, WatchEvent, WatchOptions } from './wire.ts';

class ManualTimers implements Timers {
  #now = 0;
  #pending: { at: number; callback: () => void }[] = [];

  after(delay: number, callback: () => void): () => void {
    const timer = { at: this.#now + delay, callback };
    this.#pending.push(timer);
    return () => {
      this.#pending = this.#pending.filter((other) => other !== timer);
    };
  }

  monotonic(): number {
    return this.#now;
  }

  get waits(): number[] {
    return this.#pending.map(({ at }) => at - this.#now).sort((a, b) => a - b);
  }

  advance(by: number): void {
    this.#now += by;
    const due = this.#pending.filter(({ at }) => at <= this.#now);
    this.#pending = this.#pending.filter(({ at }) => at > this.#now);
    for (const { callback } of due) callback();
  }
}

type Event = WatchEvent<KubeObject>;
type Page = KubeList<KubeObject> | Error;

/** An API server as a script: pages in order, and a watch the test speaks in. */
class ScriptedApi {
  readonly lists: ListOptions[] = [];
  readonly watches: WatchOptions[] = [];
  pages: Page[] = [];
  #said: (Event | 'end' | Error)[] = [];
  #wake: () => void = () => undefined;

  list = async (_resource: unknown, options: ListOptions = {}): Promise<KubeList<never>> => {
    this.lists.push(options);
    const page = this.pages.shift() ?? new Error('no page left');
    if (page instanceof Error) throw page;
    return page as KubeList<never>;
  };

  watch = async function* (
    this: ScriptedApi,
    _resource: unknown,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<never>, void, undefined> {
    this.watches.push(options);
    const aborted = new Promise<void>((done) => signal.addEventListener('abort', () => done()));
    while (!signal.aborted) {
      const next = this.#said.shift();
      if (next === 'end') return;
      if (next instanceof Error) throw next;
      if (next?.type === 'ADDED' && options.isKnown?.(next.object.metadata as ObjectVersion))
        continue;
      if (next !== undefined) yield next as WatchEvent<never>;
      else await Promise.race([aborted, new Promise<void>((done) => (this.#wake = done))]);
    }
  }.bind(this);

  say(...what: (Event | 'end' | Error)[]): void {
    this.#said.push(...what);
    this.#wake();
  }
}

const object = (name: string, version: number, uid = `uid-${name}`): KubeObject => ({
  metadata: { name, uid, resourceVersion: String(version) },
});
const page = (version: number, items: KubeObject[], next?: string): Page => ({
  items,
  resourceVersion: String(version),
  ...(next === undefined ? {} : { continue: next }),
});
const added = (name: string, version: number): Event => ({
  type: 'ADDED',
  object: object(name, version),
});
const modified = (name: string, version: number): Event => ({
  type: 'MODIFIED',
  object: object(name, version),
});
const bookmark = (version: number): Event => ({ type: 'BOOKMARK', object: object('', version) });
const expiredEvent: Event = {
  type: 'ERROR',
  object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' },
};

let running: Reflector<KubeObject>[] = [];
afterEach(async () => {
  await Promise.all(running.map((reflector) => reflector.stop()));
  running = [];
});

function begin(pages: Page[], more: Partial<ReflectorOptions<KubeObject>> = {}) {
  const api = new ScriptedApi();
  api.pages = pages;
  const timers = new ManualTimers();
  const told: string[] = [];
  const errors: [string, number][] = [];
  const fails = new Set<string>();
  const known = new Set<string>();
  const tell = (text: string): void => {
    told.push(text);
    if (fails.has(text)) throw new Error(`handler refuses ${text}`);
  };
  const reflector = new Reflector<KubeObject>({
    client: api,
    resource: kubeResources.clusterRoles,
    timers,
    random: () => 0.5,
    handler: {
      onAdd: ({ metadata }) => tell(`add ${metadata.name}@${metadata.resourceVersion}`),
      onUpdate: ({ metadata }) => tell(`update ${metadata.name}@${metadata.resourceVersion}`),
      onDelete: ({ key, resourceVersion, object: last }) =>
        tell(`delete ${keyText(key)}@${resourceVersion}${last === undefined ? ' unseen' : ''}`),
      onSynced: (reason) => tell(`synced ${reason}`),
      isKnown: ({ name, resourceVersion }) => known.has(`${name}@${resourceVersion}`),
      onError: (error, wait) => errors.push([(error as Error).message, wait]),
    },
    ...more,
  });
  running.push(reflector);
  reflector.start();
  return { api, timers, told, errors, fails, known, reflector };
}

describe('the list', () => {
  test('comes in pages, and counts as synced when the last one is there', async () => {
    const { api, told, reflector } = begin([
      page(9, [object('a', 1)], 'more'),
      page(9, [object('b', 2)]),
    ]);
    await eventually(() => expect(told).toEqual(['add a@1', 'add b@2', 'synced start']));
    expect(api.lists).toEqual([{ limit: 500 }, { limit: 500, continue: 'more' }]);
    expect([reflector.synced, reflector.size, reflector.relists]).toEqual([true, 2, 1]);
  });

  test('is tried again after a fault, later and later', async () => {
    const fault = errorFromAnswer(503, 'down');
    const { timers, told, errors } = begin([fault, fault, page(1, [])]);
    await eventually(() => expect(errors).toHaveLength(1));
    await eventually(() => expect(timers.waits).toEqual([250]));
    timers.advance(250);
    await eventually(() => expect(timers.waits).toEqual([500]));
    timers.advance(500);
    await eventually(() => expect(told).toEqual(['synced start']));
  });

  test('a Retry-After is honoured, with jitter on top', async () => {
    const { errors } = begin([errorFromAnswer(429, 'slow down', '7'), page(1, [])]);
    await eventually(() => expect(errors).toEqual([['slow down', 7_250]]));
  });
});

describe('the watch', () => {
  test('asks for bookmarks and a random time between five and ten minutes', async () => {
    const { api } = begin([page(5, [])], { labelSelector: 'a=b' });
    await eventually(() => expect(api.watches).toHaveLength(1));
    expect(api.watches[0]).toEqual({
      labelSelector: 'a=b',
      resourceVersion: '5',
      allowWatchBookmarks: true,
      isKnown: expect.any(Function),
      timeoutSeconds: 450,
    });
  });

  test('goes on from the last bookmark when it ends in order, without a list', async () => {
    const { api, told } = begin([page(5, [])]);
    api.say(added('a', 6), bookmark(40), 'end');
    await eventually(() => expect(api.watches).toHaveLength(2));
    expect(api.watches[1]?.resourceVersion).toBe('40');
    expect(api.lists).toHaveLength(1);
    expect(told).toEqual(['synced start', 'add a@6']);
  });

  test('tells changes once, and an object made anew under its name as gone and new', async () => {
    const { api, told } = begin([page(5, [object('a', 1)])]);
    api.say(modified('a', 6), modified('a', 6));
    api.say(
      { type: 'ADDED', object: object('a', 8, 'other') },
      { type: 'DELETED', object: object('a', 9, 'other') },
    );
    await eventually(() => expect(told).toHaveLength(6));
    expect(told.slice(2)).toEqual(['update a@6', 'delete a@6 unseen', 'add a@8', 'delete a@9']);
  });

  test.each([
    ['an ERROR event', expiredEvent],
    [
      'an HTTP status',
      errorFromAnswer(410, { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' }),
    ],
  ])(
    '410 as %s lists again at once; what went meanwhile is told as gone',
    async (_how, expired) => {
      const after = page(20, [object('b', 2), object('c', 15)]);
      const { api, told, errors, timers } = begin([
        page(5, [object('a', 1), object('b', 2)]),
        after,
      ]);
      api.say(expired);
      await eventually(() => expect(told.at(-1)).toBe('synced expired'));
      expect(told).toEqual([
        'add a@1',
        'add b@2',
        'synced start',
        'add c@15',
        'delete a@1 unseen',
        'synced expired',
      ]);
      expect(errors).toEqual([['too old', 0]]);
      await eventually(() => expect(api.watches.at(-1)?.resourceVersion).toBe('20'));
      expect(timers.monotonic()).toBe(0);
    },
  );

  test('a version that is known from elsewhere is not told; the watch goes on after it, and its end is told', async () => {
    const { api, told, known, reflector } = begin([page(1, [])]);
    await eventually(() => expect(api.watches).toHaveLength(1));
    known.add('a@2');
    api.say(added('a', 2), 'end');
    await eventually(() => expect(api.watches).toHaveLength(2));
    expect(api.watches[1]?.resourceVersion).toBe('2');
    expect(reflector.size).toBe(1);
    api.say({ type: 'DELETED', object: object('a', 3) });
    await eventually(() => expect(told).toEqual(['synced start', 'delete a@3']));
  });

  test('another object under a name is told, known or not: the one before it is gone', async () => {
    const { api, told, known } = begin([page(1, [object('a', 1)])]);
    await eventually(() => expect(api.watches).toHaveLength(1));
    known.add('a@2');
    api.say({ type: 'ADDED', object: object('a', 2, 'other') });
    await eventually(() => expect(told.slice(2)).toEqual(['delete a@1 unseen', 'add a@2']));
  });

  test('135 s without a word, bookmarks included, begin it anew from the last one', async () => {
    const { api, timers, told } = begin([page(5, [])]);
    await eventually(() => expect(api.watches).toHaveLength(1));
    timers.advance(100_000);
    api.say(bookmark(30));
    await eventually(() => expect(api.watches).toHaveLength(1));
    await new Promise((done) => setImmediate(done));
    timers.advance(100_000);
    expect(api.watches).toHaveLength(1);
    timers.advance(35_001);
    await eventually(() => expect(api.watches).toHaveLength(2));
    expect(api.watches[1]?.resourceVersion).toBe('30');
    expect(told).toEqual(['synced start']);
  });

  test('one that ends at once is not opened in a hot loop', async () => {
    const { api, errors } = begin([page(5, [])]);
    api.say('end');
    await eventually(() =>
      expect(errors).toEqual([['the API server ended the watch at once', 250]]),
    );
    expect(api.watches).toHaveLength(1);
  });

  test('four faults in a row are no longer trusted: everything is listed', async () => {
    const { api, timers, told } = begin([page(5, []), page(9, [])]);
    for (let fault = 0; fault < 4; fault++) {
      api.say(localError('Unreachable', 'cut'));
      await eventually(() => expect(timers.waits[0]).toBe(250 * 2 ** fault));
      timers.advance(250 * 2 ** fault);
    }
    await eventually(() => expect(told).toEqual(['synced start', 'synced unhealthy']));
  });

  test('everything is listed once in a while', async () => {
    const { api, timers, told } = begin([page(5, []), page(9, [])], { relistEveryMs: 600_000 });
    await eventually(() => expect(api.watches).toHaveLength(1));
    timers.advance(130_000);
    api.say(bookmark(6), 'end');
    await eventually(() => expect(api.watches).toHaveLength(2));
    expect(api.watches[1]?.timeoutSeconds).toBe(450);
    timers.advance(130_000);
    api.say(bookmark(7), 'end');
    await eventually(() => expect(api.watches[2]?.timeoutSeconds).toBe(340));
    api.say(bookmark(8));
    await new Promise((done) => setImmediate(done));
    timers.advance(130_000);
    api.say(bookmark(8));
    await new Promise((done) => setImmediate(done));
    timers.advance(130_000);
    api.say(bookmark(8));
    await new Promise((done) => setImmediate(done));
    timers.advance(80_000);
    api.say('end');
    await eventually(() => expect(told).toEqual(['synced start', 'synced periodic']));
  });

  test('a list that is asked for comes soon', async () => {
    const { api, told, reflector } = begin([page(5, []), page(9, [])]);
    await eventually(() => expect(api.watches).toHaveLength(1));
    reflector.relist();
    await eventually(() => expect(told).toEqual(['synced start', 'synced asked']));
  });
});

describe('a handler that throws', () => {
  test('is reported and told again; the version before is where the stream goes on', async () => {
    const { api, timers, told, errors, fails } = begin([page(5, [])]);
    fails.add('add a@6');
    api.say(added('a', 6));
    await eventually(() =>
      expect(errors).toEqual([['the handler failed on a: Error: handler refuses add a@6', 250]]),
    );
    fails.clear();
    timers.advance(250);
    await eventually(() => expect(api.watches[1]?.resourceVersion).toBe('5'));
    api.say(added('a', 6));
    await eventually(() => expect(told).toEqual(['synced start', 'add a@6', 'add a@6']));
  });

  test('holds the objects behind it up for three attempts, and is told again at the next list', async () => {
    const again = page(9, [object('a', 6), object('b', 7)]);
    const { api, timers, told, errors, fails, reflector } = begin([page(5, []), again]);
    fails.add('add a@6');
    for (const wait of [250, 500]) {
      api.say(added('a', 6));
      await eventually(() => expect(timers.waits[0]).toBe(wait));
      timers.advance(wait);
    }
    api.say(added('a', 6), added('b', 7));
    await eventually(() => expect(told.at(-1)).toBe('add b@7'));
    expect(errors).toHaveLength(3);
    expect(errors[2]?.[1]).toBeGreaterThan(3_000_000);
    fails.clear();
    reflector.relist();
    await eventually(() => expect(told.slice(-2)).toEqual(['add a@6', 'synced asked']));
  });
});

test('after stop nothing is told any more, also in the middle of a wait', async () => {
  const { errors, reflector, told } = begin([errorFromAnswer(500, 'down'), page(1, [])]);
  await eventually(() => expect(errors).toHaveLength(1));
  await reflector.stop();
  expect(told).toEqual([]);
});
