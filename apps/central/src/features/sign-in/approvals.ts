import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import type { Transaction, UnitOfWork } from '@ambit/persistence';
import type { SignInRecordStore } from '@ambit/persistence';
import { AppError, defined, isAppError } from '@ambit/kernel';
import type { Clock } from '@ambit/kernel';
import { beginSession } from '../sessions/public.ts';
import type { Person } from './local-sign-in.ts';
import { keyOf, plainUserCode } from './oauth-adapter.ts';
import { programName, scope, sessionSeconds } from './oauth-facts.ts';

/** A program that waits for a person to let it in as them. */
export interface WaitingProgram {
  /** The code that it shows, of a device. */
  readonly userCode?: string;
  readonly address: string;
  /** What it says it is. */
  readonly program: string;
}

export interface Decision {
  readonly person: Person;
  /** Where the person is. */
  readonly address: string;
  readonly approved: boolean;
}

/** What programs ask for and people approve. An approval begins the session that the program's tokens name. */
export class Approvals {
  readonly #provider: Provider;
  readonly #ports: {
    readonly unitOfWork: UnitOfWork;
    readonly records: SignInRecordStore;
    readonly clock: Clock;
  };

  constructor(
    provider: Provider,
    ports: {
      readonly unitOfWork: UnitOfWork;
      readonly records: SignInRecordStore;
      readonly clock: Clock;
    },
  ) {
    this.#provider = provider;
    this.#ports = ports;
  }

  /** The device that shows this code and has no answer yet. */
  async device(typed: string): Promise<WaitingProgram | undefined> {
    const userCode = plainUserCode(typed);
    const found = await this.#ports.records.findByHandle('DeviceCode', keyOf(userCode));
    if (found === undefined || 'accountId' in found.payload || 'error' in found.payload)
      return undefined;
    const { address, program } = found.payload['deviceInfo'] as Omit<WaitingProgram, 'userCode'>;
    return { userCode: `${userCode.slice(0, 4)}-${userCode.slice(4)}`, address, program };
  }

  /** False when it had an answer meanwhile, or its time is over. */
  async answerDevice(typed: string, decision: Decision): Promise<boolean> {
    const handle = keyOf(plainUserCode(typed));
    const { person, approved } = decision;
    if (!approved) {
      const answer = { error: 'access_denied', errorDescription: `${person.name} said no` };
      return this.#ports.records.answerDevice(handle, answer);
    }
    return this.#commit(person, async (tx) => {
      const grantId = await this.#begin(tx, decision);
      const authTime = Math.floor(this.#ports.clock.now() / 1000);
      const answer = { accountId: person.uid, grantId, scope, authTime };
      // Another answer was first: the session goes with the transaction.
      if (!(await tx.signInRecords.answerDevice(handle, answer, grantId))) throw answered();
      return true;
    }).catch((error: unknown) => {
      if (isAppError(error, 'stale_resource')) return false;
      throw error;
    });
  }

  /** The program whose authorization request this browser was sent here with. */
  async request(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<WaitingProgram | undefined> {
    const found = await this.#provider.interactionDetails(request, response).catch(nobodyWaits);
    if (found === undefined) return undefined;
    return { address: new URL(String(found.params['redirect_uri'])).host, program: programName };
  }

  /** Gives the URL where the browser goes on. Undefined when nobody waits any more. */
  async answerRequest(
    [request, response]: readonly [IncomingMessage, ServerResponse],
    decision: Decision,
  ): Promise<string | undefined> {
    if ((await this.request(request, response)) === undefined) return undefined;
    const { person, approved } = decision;
    const result = approved
      ? {
          login: { accountId: person.uid, remember: false },
          consent: { grantId: await this.#commit(person, (tx) => this.#begin(tx, decision)) },
        }
      : { error: 'access_denied', error_description: `${person.name} said no` };
    return this.#provider.interactionResult(request, response, result);
  }

  async #commit<T>({ name }: Person, work: (tx: Transaction) => Promise<T>): Promise<T> {
    const actor = { kind: 'user', name: `user/${name}` } as const;
    return (await this.#ports.unitOfWork.run({ actor }, work)).value;
  }

  /** Begins the session, and the grant of the same id that the OAuth server knows it by. */
  async #begin(tx: Transaction, { person, address }: Decision): Promise<string> {
    const { uid, name, by } = person;
    const { id } = await beginSession(tx, {
      principal: { kind: 'User', uid, name },
      signedInBy: by === undefined ? programName : `${programName} (${by.provider})`,
      address,
      ...defined({ identityUid: by?.identity, upstreamSession: by?.session }),
      ttlMs: sessionSeconds * 1000,
    });
    const iat = Math.floor(this.#ports.clock.now() / 1000);
    const grant = {
      kind: 'Grant',
      accountId: person.uid,
      clientId: programName,
      openid: { scope },
      iat,
      exp: iat + sessionSeconds,
    };
    const record = { model: 'Grant', id: keyOf(id), grantId: id, payload: grant };
    await tx.signInRecords.put(record, sessionSeconds);
    return id;
  }
}

const answered = (): AppError =>
  new AppError('stale_resource', 'This program has an answer already, or its time is over.');

function nobodyWaits(error: unknown): undefined {
  if (error instanceof Error && error.name === 'SessionNotFound') return undefined;
  throw error;
}
