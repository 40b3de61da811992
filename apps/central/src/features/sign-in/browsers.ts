import { randomBytes } from 'node:crypto';
import { findActiveUser } from '@ambit/persistence';
import type { SignInRecordStore, Sql } from '@ambit/persistence';
import type { Person } from './local-sign-in.ts';
import { keyOf } from './oauth-adapter.ts';

/** Long enough to approve a program, short enough to be forgotten on somebody else's machine. */
const signedInSeconds = 15 * 60;
const form = /^[A-Za-z0-9_-]{43}$/;
const model = 'Browser';

/** A browser that opened a page of sign-in, and who signed in with it. */
export interface Browser {
  readonly id: string;
  readonly person: Person | undefined;
}

/** Knows browsers by a cookie with a random text, of which only the hash is kept. */
export class Browsers {
  readonly #ports: {
    readonly records: SignInRecordStore;
    readonly sql: Sql;
    readonly secure: boolean;
  };

  /** `secure`: pages are reached by https. On one's own machine they may be reached without. */
  constructor(ports: {
    readonly records: SignInRecordStore;
    readonly sql: Sql;
    readonly secure: boolean;
  }) {
    this.#ports = ports;
  }

  /** The browser that sent these cookies; a new one, which nobody signed in with, when it has none of ours. */
  async of(cookies: string | undefined): Promise<Browser> {
    const id = valueOf(cookies, this.#cookieName);
    if (id === undefined || !form.test(id)) return { id: newId(), person: undefined };
    return { id, person: await this.#person(id) };
  }

  /** Under a new id, so that one which somebody knew before is of no use. */
  async signIn(before: Browser, person: Person): Promise<Browser> {
    await this.signOut(before);
    const id = newId();
    const record = { model, id: keyOf(id), payload: { uid: person.uid, by: person.by } };
    await this.#ports.records.put(record, signedInSeconds);
    return { id, person };
  }

  async signOut({ id }: Browser): Promise<void> {
    await this.#ports.records.remove(model, keyOf(id));
  }

  /** The header that makes the browser known again. */
  setCookie({ id }: Browser): string {
    const secure = this.#ports.secure ? '; Secure' : '';
    return `${this.#cookieName}=${id}; Path=/; HttpOnly; SameSite=Lax${secure}`;
  }

  /** Browsers take the prefix for a promise that no other host or path set it, and refuse it without https. */
  get #cookieName(): string {
    return this.#ports.secure ? '__Host-ambit' : 'ambit';
  }

  /** Read each time: who is locked meanwhile is signed in no longer. */
  async #person(id: string): Promise<Person | undefined> {
    const found = await this.#ports.records.find(model, keyOf(id));
    const uid = found?.payload['uid'];
    if (typeof uid !== 'string') return undefined;
    const name = await findActiveUser(this.#ports.sql, uid);
    if (name === undefined) return undefined;
    const by = found?.payload['by'] as Person['by'];
    return { uid, name, ...(by === undefined ? {} : { by }) };
  }
}

const newId = (): string => randomBytes(32).toString('base64url');

function valueOf(cookies: string | undefined, name: string): string | undefined {
  const pairs = (cookies ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}
