import type { Millis } from '@ambit/kernel';
import type { wire } from '@ambit/protocol';
import type { CredentialWay } from '@ambit/rbac';

/** What a credential is asked for with, as it stands in the order. */
export type CredentialWish = NonNullable<wire.CredentialOrder['wanted']>;

/** An order that wants one sort of credential. */
export type OrderFor<W extends CredentialWish> = Extract<
  wire.CredentialOrder,
  { readonly wanted: W }
>;

/** A credential that was made. */
export interface MadeCredential {
  /** What goes back to central. */
  readonly answer:
    | { readonly answer: 'certificates'; readonly certificates: wire.CertificateChain }
    | { readonly answer: 'token'; readonly token: string };
  readonly expiresAt: Millis;
  /** By which the API server's own audit log names it, such as `X509SHA256=…`. */
  readonly credentialId: string;
}

/** Makes credentials of one sort. */
export interface CredentialMaker<W extends CredentialWish> {
  /** What the ceiling has to name. */
  readonly way: CredentialWay;
  /** What it makes, for people. */
  readonly what: string;
  /** Looks at what this sort alone has to have, before anything is told or written. Throws `AppError`. */
  check(order: OrderFor<W>): void;
  /** Everything was looked at and told. `signal` fires when nobody waits any more. Throws `AppError`. */
  make(order: OrderFor<W>, signal: AbortSignal): Promise<MadeCredential>;
}

/** Who makes what; what is not there is refused. */
export type CredentialMakers = { readonly [W in CredentialWish]?: CredentialMaker<W> };
