/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Millis = number;

/** Where programs get the time. Pure code takes a `Millis` instead. */
export interface Clock {
  /** Wall clock. May jump. */
  now(): Millis;
  /** Never goes back; only differences mean something. */
  monotonic(): Millis;
}

/** Makes identifiers that sort by time of creation (UUIDv7, RFC 9562). */
export interface Ids {
  uuid(): string;
}

/** SHA-256 of bytes. Injected, because pure code has no platform. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

/** UTF-8 bytes of a text. Injected, because pure code has no platform. */
export type Utf8 = (text: string) => Uint8Array;

/** The two functions of the platform that naming and hashing need. */
export interface Digests {
  readonly sha256: Sha256;
  readonly utf8: Utf8;
}

export type LogFields = Readonly<Record<string, unknown>>;

/** Structured logging; implemented by `@ambit/observability`. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  child(fields: LogFields): Logger;
}

/** Uniform in [0, 1). Injected so that tests can choose it. */
export type Random = () => number;
