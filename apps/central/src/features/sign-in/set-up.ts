import { hash, randomBytes } from 'node:crypto';
import { requireName } from '@ambit/domain';
import type { AuditActor } from '@ambit/domain';
import { AppError, base32 } from '@ambit/kernel';
import { findSetUp } from '@ambit/persistence';
import type { Transaction, UnitOfWork } from '@ambit/persistence';
import { networkOf } from '../../platform/client-address.ts';
import { Attempts, signInAttempt } from './attempts.ts';
import type { Person, SignInPorts } from './local-sign-in.ts';
import { authenticatorEntry, stepOf } from './one-time-codes.ts';
import { hashPassword, passwordLength } from './passwords.ts';

const goodForMs = 24 * 3_600_000;

/**
 * Makes a code, good once within a day, with which a person sets up password and one-time codes; the person is made when there is
 * none of that name. `also` is done in the same transaction. Throws `invalid_name`, `invalid_request` when the person is locked, and
 * what `also` throws.
 */
export async function offerSetUp(
  unitOfWork: UnitOfWork,
  actor: AuditActor,
  name: string,
  also?: (tx: Transaction, person: Person) => Promise<void>,
): Promise<string> {
  requireName('User', name);
  const code = base32(randomBytes(20), 25).replaceAll(/(.{5})(?=.)/g, '$1-');
  await unitOfWork.run({ actor }, async (tx) => {
    const person = await personOf(tx, name);
    await also?.(tx, person);
    await tx.localCredentials.offerSetUp(person.uid, hashOf(code), goodForMs);
    tx.audit.record({
      type: 'login.set_up_offered',
      message: `A code was made with which ${name} sets up a password and one-time codes`,
      object: { kind: 'User', ...person },
    });
  });
  return code;
}

async function personOf(tx: Transaction, name: string): Promise<Person> {
  const found = await tx.users.find(name);
  if (found !== null && !found.active) {
    throw new AppError('invalid_request', `User ${name} is locked.`, {
      hint: 'Unlock the user first, or choose another name.',
    });
  }
  if (found !== null) return { uid: found.uid, name };
  const { record } = await tx.users.put({ name, labels: {}, active: true });
  const object = { kind: 'User', name, uid: record.uid };
  tx.audit.record({
    type: 'user.created',
    message: `User ${name} was created`,
    object,
    subjects: [name],
  });
  return { uid: record.uid, name };
}

export interface SetUpEntry {
  readonly person: Person;
  /** What goes into the authenticator. */
  readonly authenticator: { readonly text: string; readonly uri: string };
}

export type SetUpAnswer =
  | { readonly done: true }
  /** `wrong`: what the person can mend. */
  | { readonly done: false; readonly wrong: string };

/** The person's side of a set-up code. */
export class SetUp {
  readonly #ports: Omit<SignInPorts, 'meters'>;
  readonly #attempts: Attempts;

  constructor(ports: Omit<SignInPorts, 'meters'>) {
    this.#ports = ports;
    this.#attempts = new Attempts(ports.sql, ports.clock);
  }

  /** Whom a code is for. Undefined: it is not good, or was not looked at because there were too many. Using it up is another step. */
  async look(typed: string, address: string): Promise<SetUpEntry | undefined> {
    const attempt = { what: 'set up', address };
    if ((await this.#attempts.take(attempt)) !== undefined) return undefined;
    const code = tidy(typed);
    const found = await findSetUp(this.#ports.sql, hashOf(code));
    if (found === undefined) return undefined;
    await this.#attempts.right(attempt);
    const { userUid, name } = found;
    const secret = this.#ports.secrets.oneTimeSecret(code);
    return { person: { uid: userUid, name }, authenticator: authenticatorEntry(secret, name) };
  }

  /** Uses the code up when everything else is right. Sessions and signed-in browsers of before end. Throws `rate_limited` when too many passwords wait. */
  async complete(
    { person }: SetUpEntry,
    shown: {
      readonly setUpCode: string;
      readonly password: string;
      readonly again: string;
      readonly code: string;
    },
    address: string,
  ): Promise<SetUpAnswer> {
    const { secrets, clock, unitOfWork } = this.#ports;
    const wrong = wrongPassword(shown, person);
    if (wrong !== undefined) return { done: false, wrong };
    const setUpCode = tidy(shown.setUpCode);
    const secret = secrets.oneTimeSecret(setUpCode);
    const step = await stepOf(secret, shown.code, clock);
    if (step === undefined) {
      return {
        done: false,
        wrong: 'The code of the authenticator is not right. Check its clock.',
      };
    }
    const passwordHash = await hashPassword(shown.password, networkOf(address));
    const totpSecret = secrets.seal(secret, person.uid);
    const actor = { kind: 'user', name: `user/${person.name}` } as const;
    const { value: done } = await unitOfWork.run({ actor }, async (tx) => {
      const made = { passwordHash, totpSecret, step };
      if (!(await tx.localCredentials.setUp(hashOf(setUpCode), made))) return false;
      await tx.sessions.endOf(person.uid, 'The password was set anew.');
      await tx.signInRecords.removeBrowsersOf(person.uid);
      tx.audit.record({
        type: 'login.set_up',
        message: `${person.name} set up a password and one-time codes`,
        object: { kind: 'User', ...person },
        details: { address },
      });
      return true;
    });
    if (!done) return { done, wrong: 'The code was used meanwhile, or its time is over.' };
    // Who was made to wait by others' guesses comes in at once.
    await this.#attempts.right(signInAttempt(person.name, address));
    return { done };
  }
}

function wrongPassword(
  { password, again }: { readonly password: string; readonly again: string },
  { name }: Person,
): string | undefined {
  const { least, most } = passwordLength;
  if (password !== again) return 'The two passwords differ.';
  if (password.length < least || password.length > most)
    return `A password has ${least} to ${most} characters.`;
  return password.toLowerCase().includes(name.toLowerCase())
    ? 'The password must not hold the name.'
    : undefined;
}

/** As it was printed, however it was typed. */
function tidy(typed: string): string {
  const letters = typed.toLowerCase().replaceAll(/[^a-z2-7]/g, '');
  return letters.replaceAll(/(.{5})(?=.)/g, '$1-');
}

const hashOf = (code: string): Buffer => hash('sha256', code, 'buffer');
