import { KubeError } from '@ambit/kube';
import type {
  DeleteOptions,
  KubeList,
  KubeObject,
  KubeResource,
  ListOptions,
  ObjectVersion,
  WatchEvent,
  WatchOptions,
} from '@ambit/kube';
import type { SeededRandom } from '@ambit/testing';
import type { Change, Stored, VirtualCluster } from './virtual-cluster.ts';
import type { VirtualTime } from './virtual-time.ts';

const agent = 'ambit-agent';
const timeoutMs = 10_000;

/** What is wrong between the agent and its API server. */
export interface Weather {
  /** How many of the calls fail. */
  failing: number;
  /** Watches tell nothing. */
  silent: boolean;
  /** Lists take so long. */
  listMs: number;
}

export interface AgentWrite {
  readonly at: number;
  readonly verb: string;
  readonly key: string;
  /** Uid of what it was about, where that was there. */
  readonly uid: string | undefined;
  /** It went through. */
  done: boolean;
}

export interface VirtualClientOptions {
  readonly cluster: VirtualCluster;
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly weather: Weather;
  readonly writes: AgentWrite[];
  /** Every answer says what time it is over there. */
  readonly heard: (time: number) => void;
}

interface Stream {
  readonly queue: Change[];
  readonly end: () => void;
  readonly close: () => void;
  readonly next: () => Promise<boolean>;
}

/** The calls of an agent, as slow and as unreliable as the weather. */
export class VirtualClient {
  readonly #options: VirtualClientOptions;
  readonly #ends = new Set<() => void>();
  /** The process is gone: nothing is answered any more, and nothing that was on its way arrives. */
  dead = false;

  constructor(options: VirtualClientOptions) {
    this.#options = options;
  }

  async list<T extends KubeObject>(
    { plural }: KubeResource,
    { labelSelector }: ListOptions = {},
  ): Promise<KubeList<T>> {
    const { cluster, time, weather } = this.#options;
    if (weather.listMs > 0) await time.sleep(weather.listMs);
    return this.#call(() => ({
      items: cluster.all(plural).filter((object) => matches(object, labelSelector)) as never,
      resourceVersion: cluster.version,
    }));
  }

  async *watch<T extends KubeObject>(
    { plural }: KubeResource,
    { labelSelector, resourceVersion = '0', timeoutSeconds = 300, isKnown }: WatchOptions,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<T>, void, undefined> {
    await this.#call(() => undefined);
    const { cluster, time } = this.#options;
    const missed = cluster.since(Number(resourceVersion));
    if (missed === undefined) {
      yield { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } };
      return;
    }
    const { queue, end, close, next } = this.#follow(missed);
    const callOff = time.after(timeoutSeconds * 1_000, end);
    signal.addEventListener('abort', end, { once: true });
    let told = Number(resourceVersion);
    try {
      while (await next()) {
        const change = queue.shift();
        if (change === undefined || change.plural !== plural || change.version <= told) continue;
        told = change.version;
        const event = seenBy(change, labelSelector);
        if (event !== undefined && isNews(event, isKnown)) yield event as WatchEvent<T>;
      }
    } finally {
      close();
      callOff();
      signal.removeEventListener('abort', end);
    }
  }

  /** Changes as they come in. `next` is false when the stream is over. */
  #follow(missed: readonly Change[]): Stream {
    const { cluster, time, weather, random } = this.#options;
    const queue: Change[] = [...missed];
    let late = 0;
    let over = false;
    let wake: (() => void) | undefined;
    const end = (): void => {
      over = true;
      wake?.();
    };
    const ignore = cluster.onChange((change) => {
      // It is late, in order, and lost for this watch while nothing is told.
      late = Math.max(late, time.monotonic() + random.between(1, 20));
      time.after(late - time.monotonic(), () => {
        if (!weather.silent) queue.push(change);
        wake?.();
      });
    });
    this.#ends.add(end);
    const next = async (): Promise<boolean> => {
      while (!over && !this.dead && queue.length === 0) {
        await new Promise<void>((done) => (wake = done));
      }
      return !over && !this.dead;
    };
    const close = (): void => {
      ignore();
      this.#ends.delete(end);
    };
    return { queue, end, close, next };
  }

  get<T extends KubeObject>(
    resource: KubeResource,
    key: { name: string; namespace?: string },
  ): Promise<T> {
    return this.#call(() => this.#options.cluster.get(resource, key) as never);
  }

  create<T extends KubeObject>(resource: KubeResource, object: T): Promise<T> {
    return this.#write('create', resource, object.metadata, () =>
      this.#options.cluster.create(resource, object, agent),
    ) as Promise<never>;
  }

  mergePatch<T extends KubeObject>(
    resource: KubeResource,
    key: { name: string; namespace?: string },
    patch: object,
  ): Promise<T> {
    return this.#write('patch', resource, key, () =>
      this.#options.cluster.patch(resource, key, patch, agent),
    ) as Promise<never>;
  }

  delete(
    resource: KubeResource,
    key: { name: string; namespace?: string },
    { uid }: DeleteOptions = {},
  ): Promise<KubeObject | undefined> {
    return this.#write('delete', resource, key, () =>
      this.#options.cluster.delete(resource, key, agent, uid),
    );
  }

  /** Every watch ends, as when the API server is restarted. */
  cutWatches(): void {
    for (const end of Array.from(this.#ends)) end();
  }

  #write(
    verb: string,
    resource: KubeResource,
    place: { name: string; namespace?: string },
    act: () => Stored | undefined,
  ): Promise<Stored | undefined> {
    const { writes, time, cluster } = this.#options;
    const key = `${resource.kind}/${place.namespace ?? ''}/${place.name}`;
    return this.#call(() => {
      const there = cluster
        .all(resource.plural)
        .find(
          ({ metadata }) => metadata.name === place.name && metadata.namespace === place.namespace,
        );
      const write = { at: time.monotonic(), verb, key, uid: there?.metadata.uid, done: false };
      writes.push(write);
      const answer = act();
      write.done = true;
      return answer;
    });
  }

  async #call<T>(act: () => T): Promise<T> {
    const { time, random, weather, heard } = this.#options;
    await time.sleep(random.between(1, 15));
    await this.#alive();
    const fails = random.chance(weather.failing);
    if (fails) await this.#fail(act);
    const answer = act();
    await time.sleep(random.between(1, 15));
    await this.#alive();
    heard(Math.floor(time.truth() / 1_000) * 1_000);
    return answer;
  }

  async #fail(act: () => unknown): Promise<never> {
    const { time, random } = this.#options;
    const kind = random.pick(['refused', 'busy', 'lost', 'hung', 'broken'] as const);
    if (kind === 'busy') {
      throw new KubeError({
        status: 429,
        reason: 'TooManyRequests',
        message: 'busy',
        retryAfterMs: 1_000,
      });
    }
    if (kind === 'refused') throw new KubeError({ status: 503, reason: '', message: 'down' });
    if (kind === 'broken') throw new KubeError({ status: 500, reason: '', message: 'broken' });
    if (kind === 'lost') act();
    else await time.sleep(timeoutMs);
    await this.#alive();
    throw new KubeError({ status: 0, reason: 'Unreachable', message: 'no answer' });
  }

  /** What a dead process waits for never comes. */
  #alive(): Promise<void> | undefined {
    return this.dead ? new Promise<void>(() => undefined) : undefined;
  }
}

function isNews(
  { type, object }: Pick<Change, 'type' | 'object'>,
  isKnown: WatchOptions['isKnown'],
): boolean {
  return type === 'DELETED' || isKnown?.(versionOf(object)) !== true;
}

function versionOf({ metadata: { name, namespace, uid, resourceVersion } }: Stored): ObjectVersion {
  const version = { name, uid: uid ?? '', resourceVersion: resourceVersion ?? '' };
  return namespace === undefined ? version : { ...version, namespace };
}

function matches({ metadata }: Stored, labelSelector: string | undefined): boolean {
  if (labelSelector === undefined) return true;
  const [name = '', value] = labelSelector.split('=');
  return metadata.labels?.[name] === value;
}

/** As a watch by label tells it: what leaves the selection is gone, what enters it is new. */
function seenBy(
  { type, object, before }: Change,
  labelSelector: string | undefined,
): { type: Change['type']; object: Stored } | undefined {
  const was = before !== undefined && matches(before, labelSelector);
  const is = type !== 'DELETED' && matches(object, labelSelector);
  if (was && is) return { type: 'MODIFIED', object };
  if (is) return { type: 'ADDED', object };
  // A deletion is told with the object as it was when it last matched.
  if (was) {
    const { resourceVersion } = object.metadata;
    return {
      type: 'DELETED',
      object: {
        ...before,
        metadata: { ...before.metadata, ...(resourceVersion && { resourceVersion }) },
      },
    };
  }
  return undefined;
}
