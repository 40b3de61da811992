import { randomBytes, randomUUID } from 'node:crypto';
import { serviceAccountUser } from '@ambit/rbac';
import type { UserInfo } from '@ambit/rbac';
import type { ObjectStore } from './object-store.ts';
import { serviceAccounts } from './served-resources.ts';

/** What a request carries to prove who sends it. */
export interface Credentials {
  /** Of a client certificate that our authority signed. */
  readonly certificate?: { readonly user: string; readonly groups: readonly string[] };
  /** The `Authorization` header as it came. */
  readonly authorization?: string;
}

interface AccountToken {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly expires: number;
}

const authenticated = 'system:authenticated';

/** Client certificates, then bearer tokens, then anonymous, as kube-apiserver chains them. */
export class SimulatedAuthenticator {
  readonly #store: ObjectStore;
  readonly #now: () => number;
  readonly #users = new Map<string, UserInfo>();
  readonly #accounts = new Map<string, AccountToken>();

  constructor(store: ObjectStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** Makes a token that stands for this user until it is revoked. */
  issue(user: UserInfo): string {
    const token = randomBytes(24).toString('base64url');
    this.#users.set(token, { name: user.name, groups: [...(user.groups ?? []), authenticated] });
    return token;
  }

  revoke(token: string): void {
    this.#users.delete(token);
    this.#accounts.delete(token);
  }

  /** A token of a ServiceAccount, which dies with it. */
  issueForAccount(
    account: Omit<AccountToken, 'expires'>,
    seconds: number,
  ): AccountToken & { token: string } {
    const token = accountToken(account, this.#now() + seconds * 1000);
    const issued = { ...account, expires: this.#now() + seconds * 1000 };
    this.#accounts.set(token, issued);
    return { ...issued, token };
  }

  /** Undefined when a token is sent and is not valid: that is a 401, never anonymous. */
  authenticate({ certificate, authorization }: Credentials): UserInfo | undefined {
    if (certificate !== undefined) {
      return { name: certificate.user, groups: [...certificate.groups, authenticated] };
    }
    const token = bearerToken(authorization);
    if (token !== '') return this.#users.get(token) ?? this.#account(token);
    return { name: 'system:anonymous', groups: ['system:unauthenticated'] };
  }

  #account(token: string): UserInfo | undefined {
    const account = this.#accounts.get(token);
    if (account === undefined || account.expires <= this.#now()) return undefined;
    const { name, namespace, uid } = account;
    if (this.#store.get(serviceAccounts, { name, namespace })?.metadata.uid !== uid)
      return undefined;
    const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, authenticated];
    return { name: serviceAccountUser(namespace, name), groups };
  }
}

/** Shaped as Kubernetes' own, so that who reads what it says finds it there; what counts is that it is known. */
function accountToken({ namespace, name, uid }: Omit<AccountToken, 'expires'>, expires: number) {
  const claims = {
    sub: serviceAccountUser(namespace, name),
    jti: randomUUID(),
    exp: Math.floor(expires / 1000),
    'kubernetes.io': { namespace, serviceaccount: { name, uid } },
  };
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return [part({ alg: 'none' }), part(claims), randomBytes(24).toString('base64url')].join('.');
}

/** Empty without a bearer token; the scheme's letter case does not count. */
function bearerToken(header = ''): string {
  const [scheme = '', token = ''] = header.trim().split(' ');
  return scheme.toLowerCase() === 'bearer' ? token : '';
}
