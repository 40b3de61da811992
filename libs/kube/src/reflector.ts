import { fullJitter } from '@ambit/kernel';
import type { Millis, Random } from '@ambit/kernel';
import { errorFromAnswer, isKubeError, localError } from './kube-error.ts';
import { ObjectTeller } from './object-teller.ts';
import type { ReflectorOptions, RelistReason } from './reflector-options.ts';
import type { KubeObject } from './resources.ts';
import { SilenceWatchdog } from './silence-watchdog.ts';
import { platformTimers } from './timers.ts';
import type { Timers } from './timers.ts';
import type { ListOptions, ObjectVersion, WatchEvent } from './wire.ts';

const backoff = { baseMs: 500, capMs: 30_000 };
/** Faults in a row after which going on from the last version is no longer trusted. */
const faultsUntilRelist = 4;
/** A watch that ends sooner, without an event, would otherwise be opened in a hot loop. */
const shortestWatchMs = 1_000;

/**
 * Follows all objects of one kind: a paged list, then a watch that goes on from where it stopped, and a list again
 * when the API server no longer knows that place. It never gives up; every fault is reported and tried again.
 */
export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #timers: Timers;
  readonly #random: Random;
  readonly #teller: ObjectTeller<T>;
  readonly #stopping = new AbortController();
  #loop: Promise<void> | undefined;
  #watching: AbortController | undefined;
  #due: RelistReason | undefined = 'start';
  #resourceVersion = '';
  #relistAt: Millis = 0;
  #faults = 0;
  #lastEventAt: Millis | undefined;
  #relists = 0;
  #synced = false;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#timers = options.timers ?? platformTimers;
    this.#random = options.random ?? Math.random;
    this.#teller = new ObjectTeller(options.handler, () => this.#untilRelist());
  }

  /** True once the first list is complete. */
  get synced(): boolean {
    return this.#synced;
  }

  /** Complete lists so far, the first included. */
  get relists(): number {
    return this.#relists;
  }

  /** Objects it knows of. */
  get size(): number {
    return this.#teller.known.size;
  }

  /** Milliseconds since the API server last said anything, bookmarks included. */
  get silentForMs(): Millis | undefined {
    return this.#lastEventAt === undefined
      ? undefined
      : this.#timers.monotonic() - this.#lastEventAt;
  }

  /** Begins; calling it twice changes nothing. */
  start(): void {
    this.#loop ??= this.#run();
  }

  /** Ends the stream and resolves when the handler is called no more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#watching?.abort();
    await this.#loop;
  }

  /** Lists everything again, soon. */
  relist(): void {
    this.#due ??= 'asked';
    this.#watching?.abort();
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        if (this.#due !== undefined) await this.#relist(this.#due);
        await this.#watch();
      } catch (error) {
        if (!this.#stopping.signal.aborted) await this.#recover(error);
      }
    }
  }

  async #relist(reason: RelistReason): Promise<void> {
    // Cleared first: what is asked for while the pages come in asks for another list.
    this.#due = undefined;
    try {
      await this.#list(reason);
    } catch (error) {
      this.#due ??= reason;
      throw error;
    }
  }

  async #list(reason: RelistReason): Promise<void> {
    const { client, resource, handler } = this.#options;
    handler.onRelist?.(reason);
    this.#teller.known.beginListing();
    let page: ListOptions = { ...this.#selection(), limit: this.#options.pageSize ?? 500 };
    let resourceVersion: string;
    for (;;) {
      const answer = await client.list<T>(resource, page, this.#stopping.signal);
      this.#lastEventAt = this.#timers.monotonic();
      resourceVersion = answer.resourceVersion;
      for (const object of answer.items) await this.#teller.present(object);
      if (answer.continue === undefined) break;
      page = { ...page, continue: answer.continue };
    }
    await this.#teller.tellMissing();
    await handler.onSynced(reason);
    this.#resourceVersion = resourceVersion;
    this.#relists += 1;
    this.#synced = true;
    const every = this.#options.relistEveryMs ?? 3_600_000;
    this.#relistAt = this.#timers.monotonic() + every * (0.8 + 0.4 * this.#random());
  }

  async #watch(): Promise<void> {
    const started = this.#timers.monotonic();
    const watching = new AbortController();
    this.#watching = watching;
    const watchdog = new SilenceWatchdog(this.#options.silenceMs ?? 135_000, this.#timers, () =>
      watching.abort(),
    );
    let events = 0;
    const heard = (): void => {
      watchdog.heard();
      this.#lastEventAt = this.#timers.monotonic();
      events += 1;
    };
    const isKnown = (version: ObjectVersion): boolean => {
      if (watching.signal.aborted || !this.#teller.isKnown(version)) return false;
      heard();
      this.#faults = 0;
      this.#resourceVersion = version.resourceVersion;
      return true;
    };
    try {
      const stream = this.#options.client.watch<T>(
        this.#options.resource,
        {
          ...this.#selection(),
          resourceVersion: this.#resourceVersion,
          allowWatchBookmarks: true,
          timeoutSeconds: this.#timeoutSeconds(),
          isKnown,
        },
        watching.signal,
      );
      for await (const event of stream) {
        if (watching.signal.aborted) break;
        heard();
        await this.#take(event);
        this.#faults = 0;
      }
    } finally {
      watchdog.stop();
      this.#watching = undefined;
    }
    if (this.#untilRelist() === 0) this.#due ??= 'periodic';
    const lasted = this.#timers.monotonic() - started;
    if (events === 0 && lasted < shortestWatchMs && !watching.signal.aborted) {
      throw localError('Unreachable', 'the API server ended the watch at once');
    }
  }

  async #take(event: WatchEvent<T>): Promise<void> {
    if (event.type === 'ERROR') {
      const { code } = event.object as { code?: number };
      throw errorFromAnswer(code ?? 500, event.object);
    }
    if (event.type === 'DELETED') await this.#teller.gone(event.object);
    else if (event.type !== 'BOOKMARK') await this.#teller.present(event.object);
    this.#resourceVersion = event.object.metadata.resourceVersion ?? this.#resourceVersion;
  }

  async #recover(error: unknown): Promise<void> {
    this.#faults += 1;
    if (isKubeError(error, 410)) this.#due ??= 'expired';
    else if (this.#faults % faultsUntilRelist === 0) this.#due ??= 'unhealthy';
    const wait = this.#waitAfter(error);
    this.#options.handler.onError?.(error, wait);
    if (wait > 0) await this.#sleep(wait);
  }

  /** None before the list that a 410 asks for; else jitter on top of what the server asked for. */
  #waitAfter(error: unknown): Millis {
    if (isKubeError(error, 410) && this.#faults === 1) return 0;
    const asked = isKubeError(error) ? (error.retryAfterMs ?? 0) : 0;
    return asked + fullJitter(backoff, this.#faults - 1, this.#random);
  }

  #sleep(wait: Millis): Promise<void> {
    const { signal } = this.#stopping;
    return new Promise((done) => {
      const callOff = this.#timers.after(wait, wake);
      function wake(): void {
        callOff();
        signal.removeEventListener('abort', wake);
        done();
      }
      signal.addEventListener('abort', wake, { once: true });
      if (signal.aborted) wake();
    });
  }

  #selection(): Pick<ListOptions, 'namespace' | 'labelSelector'> {
    const { namespace, labelSelector } = this.#options;
    return {
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
    };
  }

  #untilRelist(): Millis {
    return Math.max(0, this.#relistAt - this.#timers.monotonic());
  }

  /** Random, so that a fleet's watches do not end together; never past the next relist. */
  #timeoutSeconds(): number {
    const wanted = 300 + Math.floor(this.#random() * 301);
    return Math.min(wanted, Math.max(1, Math.ceil(this.#untilRelist() / 1000)));
  }
}
