import { hash, randomBytes } from 'node:crypto';
import type { SignInRecordStore } from '@ambit/persistence';
import type { KnownProvider } from './known-provider.ts';

/** What a sign-in at a provider is for. */
export type UpstreamPurpose =
  | { readonly kind: 'sign-in'; readonly to?: string }
  /** A test with this id. */
  | { readonly kind: 'test'; readonly id: string };

const model = 'UpstreamSignIn';
const goodForSeconds = 600;

/**
 * Sign-ins at providers that wait for their answer, each bound to the browser that began it and good once. Only the hash of
 * `state` is kept, and it says nothing about the other proofs.
 */
export class BegunSignIns {
  readonly #records: SignInRecordStore;

  constructor(records: SignInRecordStore) {
    this.#records = records;
  }

  /** Gives its `state`. */
  async begin(
    { name, uid }: KnownProvider,
    browser: string,
    purpose: UpstreamPurpose,
  ): Promise<string> {
    const state = randomBytes(32).toString('base64url');
    const payload = { provider: name, uid, browser: textOf(browser), purpose };
    await this.#records.put({ model, id: keyOf(state), payload }, goodForSeconds);
    return state;
  }

  /** What was begun with it at this provider by this browser; undefined when there is nothing like it, and from then on. */
  async take(
    { name, uid }: KnownProvider,
    browser: string,
    state: string,
  ): Promise<UpstreamPurpose | undefined> {
    const id = keyOf(state);
    const payload = (await this.#records.find(model, id))?.payload;
    const isThis =
      payload?.['provider'] === name &&
      payload['uid'] === uid &&
      payload['browser'] === textOf(browser);
    // An answer that another browser comes with takes nothing from the one that began.
    if (!isThis || !(await this.#records.consume(model, id))) return undefined;
    return payload['purpose'] as UpstreamPurpose;
  }
}

const keyOf = (text: string): Buffer => hash('sha256', text, 'buffer');
const textOf = (browser: string): string => hash('sha256', browser, 'base64url');
