import type { DevPerson } from './dev-person.ts';
import type { DialectName } from './dialects.ts';

export interface DevProviderOptions {
  readonly dialect: DialectName;
  readonly people: readonly DevPerson[];
  /** Where people may be sent back to. */
  readonly redirectUris: readonly string[];
  /** A free one unless told, such as that of one that was stopped. */
  readonly port?: number;
  /** It is served over HTTPS with these, as PEM texts; without them over plain HTTP. */
  readonly tls?: ServingPair;
}

/** A certificate for 127.0.0.1 and its key. */
export interface ServingPair {
  readonly certPem: string;
  readonly keyPem: string;
}

/** What it does otherwise than it should. */
export interface DevFaults {
  /** Connections are closed without an answer. */
  readonly down?: boolean;
  /** Every answer comes so much later. */
  readonly slowMs?: number;
  /** Claims that ID tokens and userinfo have instead; null: they are left out. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** The same in ID tokens alone. */
  readonly tokenClaims?: Readonly<Record<string, unknown>>;
  /** How ID tokens are signed: not at all, by the client's secret, or by a key that is nowhere published. */
  readonly signing?: 'none' | 'HS256' | 'another key';
  /** Who the answer to the browser says that it comes from (RFC 9207). */
  readonly answersAs?: string;
  /** Microsoft Graph gives no groups. */
  readonly graph?: 'refused';
}

/** A provider that runs. */
export interface DevProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Replaces what was told before; nothing: it behaves again. */
  misbehave(faults: DevFaults): Promise<void>;
  /** From now on tokens are signed by a new key, and the former one is no longer published. */
  rotateKeys(): Promise<void>;
  /** What it posts to who relies on it when this person signs out; `claims` instead of those that it should have. */
  logoutToken(name: string, claims?: Readonly<Record<string, unknown>>): Promise<string>;
  stop(): Promise<void>;
}
