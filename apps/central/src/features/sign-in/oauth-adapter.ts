import { hash } from 'node:crypto';
import { errors } from 'oidc-provider';
import type { Adapter, AdapterPayload } from 'oidc-provider';
import type { FoundSignInRecord, SignInRecordStore } from '@ambit/persistence';

export interface AdapterPorts {
  readonly records: SignInRecordStore;
  /** Ends the session that the tokens of a grant name. */
  readonly endSession: (grantId: string, because: string) => Promise<void>;
}

/** What is kept of a text that lets somebody in. */
export const keyOf = (text: string): Buffer => hash('sha256', text, 'buffer');

/** As people may type it. */
export const plainUserCode = (typed: string): string =>
  typed.toUpperCase().replaceAll(/[^A-Z]/g, '');

/**
 * Keeps what the OAuth server keeps, in PostgreSQL. The server hands over the very texts that clients and browsers hold; here
 * only their hashes are kept, and the texts are put back for whoever shows them.
 */
export class OAuthAdapter implements Adapter {
  readonly #model: string;
  readonly #ports: AdapterPorts;

  constructor(model: string, ports: AdapterPorts) {
    this.#model = model;
    this.#ports = ports;
  }

  /** Throws `InvalidRequest` when a text of the request holds a NUL, which PostgreSQL keeps in no text. */
  async upsert(id: string, payload: AdapterPayload, expiresIn: number): Promise<void> {
    const { jti: _, userCode, ...kept } = this.#model === 'DeviceCode' ? slim(payload) : payload;
    if (JSON.stringify(kept).includes(String.raw`\u0000`))
      throw new errors.InvalidRequest('a parameter holds a NUL');
    const handle = userCode ?? kept.uid;
    await this.#ports.records.put(
      {
        model: this.#model,
        id: keyOf(id),
        ...(handle === undefined ? {} : { handle: keyOf(handle) }),
        ...(payload.grantId === undefined ? {} : { grantId: payload.grantId }),
        payload: kept,
      },
      expiresIn,
    );
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const found = await this.#ports.records.find(this.#model, keyOf(id));
    return found && { ...payloadOf(found), jti: id };
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    const found = await this.#ports.records.findByHandle(this.#model, keyOf(uid));
    return found && payloadOf(found);
  }

  async findByUserCode(typed: string): Promise<AdapterPayload | undefined> {
    const userCode = plainUserCode(typed);
    const found = await this.#ports.records.findByHandle(this.#model, keyOf(userCode));
    return found && { ...payloadOf(found), userCode };
  }

  /** Codes and refresh tokens are good once: of several at once the first is, and the others end the session. */
  async consume(id: string): Promise<void> {
    const { records } = this.#ports;
    if (await records.consume(this.#model, keyOf(id))) return;
    const found = await records.find(this.#model, keyOf(id));
    const grantId = found?.payload['grantId'];
    if (typeof grantId === 'string') await this.#end(grantId);
    throw new errors.InvalidGrant('it was used already, so its session has ended');
  }

  async destroy(id: string): Promise<void> {
    await this.#ports.records.remove(this.#model, keyOf(id));
  }

  /**
   * The server does this when a code or a refresh token comes a second time, and when a client gives its tokens back. It asks for
   * each kind of token on its own; whatever belongs to the session ends with the first.
   */
  async revokeByGrantId(grantId: string): Promise<void> {
    if (this.#model === 'AccessToken') await this.#end(grantId);
  }

  async #end(grantId: string): Promise<void> {
    const { endSession, records } = this.#ports;
    await endSession(grantId, 'Its tokens were given back, or one of them was used twice.');
    await records.removeGrant(grantId);
  }
}

/** Without the parameters that nobody reads again: strangers send them, as many and as long as they like. */
function slim({ params = {}, ...payload }: AdapterPayload): AdapterPayload {
  const { client_id, scope } = params as Readonly<Record<string, unknown>>;
  return { ...payload, params: { client_id, scope } };
}

function payloadOf({ payload, consumedAt }: FoundSignInRecord): AdapterPayload {
  return { ...payload, ...(consumedAt === undefined ? {} : { consumed: consumedAt }) };
}
