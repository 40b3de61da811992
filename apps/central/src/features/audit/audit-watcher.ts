import { auditMatcher, tailPlace } from '@ambit/persistence';
import type { AuditFilter, TailCursor, TailEvent } from '@ambit/persistence';
import type { EventStream } from '../../platform/event-stream.ts';

/** An event with the text that every reader of it gets, made once. */
export interface Frame extends TailEvent {
  readonly text: string;
}

/** What may wait for a reader that is still catching up before it has to read on by itself. */
const mostHeld = 1_000;
const quietMs = 15_000;

/** Where what it wants is sent. */
export type WatcherStream = Pick<
  EventStream,
  'open' | 'closed' | 'quietMs' | 'send' | 'drained' | 'end'
>;

/** One reader of the trail: it takes what it has not seen and what its filter wants, whoever read it. */
export class AuditWatcher {
  readonly filter: AuditFilter;
  readonly stream: WatcherStream;
  readonly #wants: (event: TailEvent) => boolean;
  #cursor: TailCursor;
  #place: string;
  /** Set while it reads by itself: what the shared reader has for it is kept for then. */
  #held: Frame[] | undefined = [];
  #overflown = false;

  /** Throws `invalid_request` for a cursor that is none. */
  constructor(stream: WatcherStream, from: TailCursor, filter: AuditFilter) {
    this.stream = stream;
    this.filter = filter;
    this.#cursor = from;
    this.#place = tailPlace(from);
    this.#wants = auditMatcher(filter);
  }

  get cursor(): TailCursor {
    return this.#cursor;
  }

  /** Before each page that it reads by itself. */
  hold(): void {
    this.#held = [];
    this.#overflown = false;
  }

  /** After the last page: what was held is sent. False when too much came meanwhile, so that it has to read on. */
  release(): boolean {
    const held = this.#held ?? [];
    if (this.#overflown) return false;
    this.#held = undefined;
    this.take(held);
    return true;
  }

  /** Of the shared reader. */
  offer(frames: readonly Frame[]): void {
    if (this.#held === undefined) return this.take(frames);
    const wanted = frames.filter((frame) => this.#wants(frame));
    if (this.#held.length + wanted.length > mostHeld) this.#overflown = true;
    else this.#held.push(...wanted);
  }

  /** Sends those that come after the last one sent. */
  take(frames: readonly Frame[]): void {
    let text = '';
    for (const frame of frames) {
      if (frame.place <= this.#place || !this.#wants(frame)) continue;
      text += frame.text;
      this.#place = frame.place;
      this.#cursor = frame.cursor;
    }
    this.stream.send(text);
  }

  /** Tells a connection that is only quiet from one that is dead. */
  keepAlive(): void {
    if (this.stream.quietMs > quietMs) this.stream.send(': quiet\n\n');
  }
}

export function frameOf(item: TailEvent): Frame {
  const text = `event: audit\nid: ${item.cursor}\ndata: ${JSON.stringify(item.event)}\n\n`;
  return { ...item, text };
}
