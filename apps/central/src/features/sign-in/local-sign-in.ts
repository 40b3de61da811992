import type { Clock } from '@ambit/kernel';
import type { Meters, centralMetrics } from '@ambit/observability';
import { findLocalCredential } from '@ambit/persistence';
import type { LocalCredential, Sql, UnitOfWork } from '@ambit/persistence';
import { networkOf } from '../../platform/client-address.ts';
import { Attempts, signInAttempt } from './attempts.ts';
import { stepOf } from './one-time-codes.ts';
import { isPassword } from './passwords.ts';
import type { SignInSecrets } from './sign-in-secrets.ts';

export interface SignInPorts {
  readonly sql: Sql;
  readonly unitOfWork: UnitOfWork;
  readonly clock: Clock;
  readonly secrets: SignInSecrets;
  readonly meters: Pick<Meters<typeof centralMetrics>, 'logins'>;
}

/** Somebody who showed who they are. */
export interface Person {
  readonly uid: string;
  readonly name: string;
  /** With which provider, by which identity there, and the mark of the sign-in there; absent for a password. */
  readonly by?: {
    readonly provider: string;
    readonly identity: string;
    readonly session?: string;
  };
}

export type SignInAnswer =
  | { readonly person: Person }
  /** `waitSeconds`: nothing was looked at. */
  | { readonly person: undefined; readonly waitSeconds?: number };

/**
 * Sign-in with a password and a one-time code, for the few who have both. Unknown names, locked people, people without a
 * password and wrong ones get one answer after the same work.
 */
export class LocalSignIn {
  readonly #ports: SignInPorts;
  readonly #attempts: Attempts;

  constructor(ports: SignInPorts) {
    this.#ports = ports;
    this.#attempts = new Attempts(ports.sql, ports.clock);
  }

  /** Throws `rate_limited` when too many passwords are looked at. */
  async signIn(
    shown: { readonly name: string; readonly password: string; readonly code: string },
    address: string,
  ): Promise<SignInAnswer> {
    const attempt = signInAttempt(shown.name, address);
    const waitSeconds = await this.#attempts.take(attempt);
    if (waitSeconds !== undefined) return { person: undefined, waitSeconds };
    const found = await findLocalCredential(this.#ports.sql, shown.name);
    const fits = await isPassword(found?.passwordHash, shown.password, networkOf(address));
    if (found === undefined || !fits || !(await this.#isCode(found, shown.code))) {
      this.#count('refused');
      await this.#tellFailure(found?.name, address);
      return { person: undefined };
    }
    await this.#attempts.right(attempt);
    this.#count('ok');
    return { person: { uid: found.userUid, name: found.name } };
  }

  #count(result: 'ok' | 'refused'): void {
    this.#ports.meters.logins.inc({ provider: 'local', flow: 'password', result });
  }

  /** A code is used up by the first who comes with it and the right password. */
  async #isCode({ totpSecret, userUid }: LocalCredential, code: string): Promise<boolean> {
    const { secrets, clock, unitOfWork } = this.#ports;
    const step = await stepOf(secrets.open(totpSecret, userUid), code, clock);
    if (step === undefined) return false;
    const { value } = await unitOfWork.run({ actor: anonymous }, (tx) =>
      tx.localCredentials.useStep(userUid, step),
    );
    return value;
  }

  /** A name that is nobody's may be a password in the wrong field: it is not written down. */
  async #tellFailure(name: string | undefined, address: string): Promise<void> {
    await this.#ports.unitOfWork.run({ actor: anonymous }, async (tx) =>
      tx.audit.record({
        type: 'login.failed',
        message: `Signing in as ${name ?? 'an unknown name'} with a password from ${address} failed`,
        ...(name === undefined ? {} : { object: { kind: 'User', name } }),
        result: { code: 'sign_in_refused' },
        details: { address, reason: 'sign_in_refused', count: 1 },
      }),
    );
  }
}

const anonymous = { kind: 'anonymous', name: 'anonymous' } as const;
