import { afterEach, describe, expect, test } from '@jest/globals';
import { KubeError } from '@ambit/kube';
import type { KubeObject, KubeResource, WatchEvent } from '@ambit/kube';
import { eventually, RecordingLogger } from '@ambit/testing';
import { ambitLabels } from '@ambit/rbac';
import { CauseWatch } from './cause-watch.ts';
import type { CauseWatchOptions } from './cause-watch.ts';

type Event = WatchEvent<KubeObject>;

/** An API server with some objects of each kind, which says on its watches what a test lets it say. */
class SmallApi {
  readonly items = new Map<string, KubeObject[]>();
  readonly refuses = new Map<string, number>();
  readonly lists: string[] = [];
  readonly #said = new Map<string, Event[]>();
  readonly #open = new Map<string, () => void>();

  /** Kinds that are watched now. */
  get watched(): string[] {
    return [...this.#open.keys()].sort();
  }

  list = async ({ plural }: KubeResource): Promise<never> => {
    this.lists.push(plural);
    const status = this.refuses.get(plural);
    if (status !== undefined) throw new KubeError({ status, reason: '', message: 'no' });
    return { items: this.items.get(plural) ?? [], resourceVersion: '1' } as never;
  };

  watch = async function* (
    this: SmallApi,
    { plural }: KubeResource,
    _options: unknown,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<never>, void, undefined> {
    signal.addEventListener('abort', () => this.#open.get(plural)?.());
    while (!signal.aborted) {
      const next = this.#said.get(plural)?.shift();
      if (next === undefined) await new Promise<void>((wake) => this.#open.set(plural, wake));
      else yield next as WatchEvent<never>;
    }
    this.#open.delete(plural);
  }.bind(this);

  say(plural: string, ...events: Event[]): void {
    this.#said.set(plural, [...(this.#said.get(plural) ?? []), ...events]);
    this.#open.get(plural)?.();
  }
}

/** Time that passes when a test says so. */
class HandTimers {
  #now = 0;
  #due: { readonly at: number; readonly call: () => void }[] = [];

  after(ms: number, call: () => void): () => void {
    const timer = { at: this.#now + ms, call };
    this.#due.push(timer);
    return () => void (this.#due = this.#due.filter((other) => other !== timer));
  }

  monotonic(): number {
    return this.#now;
  }

  pass(ms: number): void {
    this.#now += ms;
    const due = this.#due.filter(({ at }) => at <= this.#now);
    this.#due = this.#due.filter(({ at }) => at > this.#now);
    for (const { call } of due) call();
  }
}

const cluster = [
  'clusterrolebindings',
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
  'mutatingwebhookconfigurations',
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'validatingwebhookconfigurations',
];
const every = [...cluster, 'resourcequotas'].sort();
const anyRefused = [['refused', 'contended']];
const version = { at: 1 };

function object(name: string, more: object = {}, namespace?: string): KubeObject {
  const resourceVersion = String(++version.at);
  const place = namespace === undefined ? {} : { namespace };
  const { labels, ...content } = more as { labels?: Record<string, string> };
  const metadata = { name, uid: `uid-${name}`, resourceVersion, ...place };
  return { metadata: labels === undefined ? metadata : { ...metadata, labels }, ...content };
}

let open: CauseWatch | undefined;
afterEach(async () => open?.stop());

function begin() {
  const api = new SmallApi();
  const timers = new HandTimers();
  const logger = new RecordingLogger();
  /** What the driver is told, in order. */
  const told: unknown[][] = [];
  const driver = { waits: 1, waiting: () => driver.waits, causeChanged: tell };
  function tell(...what: unknown[]): void {
    told.push(what);
  }
  const options: CauseWatchOptions = { client: api, driver, random: () => 0.5, timers, logger };
  const watch = (open = new CauseWatch(options));
  const look = (): void => {
    watch.look();
    timers.pass(100);
  };
  const watching = (kinds: readonly string[]) =>
    eventually(() => expect(api.watched).toEqual(kinds));
  const tells = async (...what: unknown[]): Promise<void> => {
    await eventually(() => expect(told).toEqual(what));
    told.length = 0;
  };
  return { api, timers, logger, told, driver, look, watching, tells };
}

describe('outside row B.2: what writes are refused by', () => {
  test('is watched, every kind of it, and only while something is refused or does not hold', async () => {
    const { api, driver, look, watching, timers } = begin();
    driver.waits = 0;
    look();
    expect(api.lists).toEqual([]);
    driver.waits = 1;
    look();
    await watching(every);
    driver.waits = 0;
    look();
    timers.pass(59_000);
    expect(api.watched).toEqual(every);
    timers.pass(1_000);
    await watching([]);
  });

  test('stays watched when something is refused again within a minute', async () => {
    const { driver, look, watching, timers, api, tells } = begin();
    look();
    await watching(every);
    driver.waits = 0;
    look();
    driver.waits = 1;
    look();
    timers.pass(60_000);
    api.say('resourcequotas', { type: 'ADDED', object: object('rb', {}, 'payments') });
    await tells([['refused'], 'payments']);
    expect(api.lists).toHaveLength(every.length);
  });

  test.each(cluster)('a change of %s lets what waits be tried at once', async (plural) => {
    const { api, look, watching, tells, told } = begin();
    api.items.set(plural, [object('a', { spec: 1 })]);
    look();
    await watching(every);
    expect(told).toEqual([]);
    api.say(plural, { type: 'MODIFIED', object: object('a', { spec: 2 }) });
    await tells(anyRefused);
    api.say(plural, { type: 'DELETED', object: object('a', { spec: 2 }) });
    await tells(anyRefused);
    api.say(plural, { type: 'ADDED', object: object('b') });
    await tells(anyRefused);
  });

  test('a quota that changes concerns what is refused in its namespace', async () => {
    const { api, look, watching, tells } = begin();
    const quota = (limit: string, used: object) =>
      object('rb', { status: { hard: { 'count/rolebindings': limit }, used } }, 'payments');
    api.items.set('resourcequotas', [quota('0', {})]);
    look();
    await watching(every);
    api.say('resourcequotas', { type: 'MODIFIED', object: quota('5', {}) });
    await tells([['refused'], 'payments']);
    // Pods come and go all day; a RoleBinding that goes makes room.
    api.say('resourcequotas', { type: 'MODIFIED', object: quota('5', { pods: '7' }) });
    const used = { pods: '7', 'count/rolebindings.rbac.authorization.k8s.io': '4' };
    api.say('resourcequotas', { type: 'MODIFIED', object: quota('5', used) });
    await tells([['refused'], 'payments']);
  });

  test('our own bindings are no cause, and neither is an object that only got a new version', async () => {
    const { api, look, watching, tells } = begin();
    look();
    await watching(every);
    const ours = object('ours', { labels: { [ambitLabels.managedBy]: 'ambit' } });
    const foreign = { roleRef: { name: 'ambit-agent' } };
    api.say(
      'clusterrolebindings',
      { type: 'ADDED', object: ours },
      { type: 'ADDED', object: object('rights', foreign) },
      { type: 'MODIFIED', object: object('rights', foreign) },
      { type: 'ADDED', object: object('last') },
    );
    // Of the one that gives rights, and of the last, which shows that nothing is on the way any more.
    await tells(anyRefused, anyRefused);
  });

  test('what may not be watched is told once and hinders nothing else', async () => {
    const { api, driver, look, watching, tells, timers, logger } = begin();
    const denied = 'mutatingadmissionpolicies';
    api.refuses.set(denied, 403);
    const rest = every.filter((plural) => plural !== denied);
    look();
    await watching(rest);
    const { length } = api.lists;
    timers.pass(30_000);
    api.say('resourcequotas', { type: 'ADDED', object: object('rb', {}, 'payments') });
    await tells([['refused'], 'payments']);
    expect(api.lists).toHaveLength(length);
    driver.waits = 0;
    look();
    timers.pass(60_000);
    await watching([]);
    driver.waits = 1;
    look();
    await watching(rest);
    expect(logger.lines.map(({ fields }) => fields['resource'])).toEqual([denied]);
  });
});
