import { randomUUID } from 'node:crypto';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { document, TestCentral } from './central.test-support.ts';
import type { Reply } from './central.test-support.ts';
import { TestIssuer } from './test-issuer.test-support.ts';

export type Claims = Readonly<Record<string, unknown>>;

export interface RefusedEvent {
  readonly message: string;
  readonly object: { readonly name: string };
  readonly details: Readonly<Record<string, string | number>>;
}

export const audience = 'ambit.acme.io';
export const mainBranch = 'refs/heads/main';
export const seconds = (): number => Math.floor(Date.now() / 1000);

/** A rule for the pipeline of `jobOf`. */
export const rule = (issuer: TestIssuer, more: object = {}): object => ({
  issuer: issuer.url,
  audience,
  claims: { repository: 'acme/payments', ref: mainBranch },
  internal: true,
  ...more,
});

export const service = (name: string, federation: readonly object[], more: object = {}): object =>
  document('ServiceIdentity', name, { federation, ...more });

/** What GitHub says of a job. */
export const jobOf = (issuer: TestIssuer, more: Claims = {}): Claims => ({
  iss: issuer.url,
  aud: audience,
  sub: 'repo:acme/payments:environment:production',
  repository: 'acme/payments',
  repository_owner: 'acme',
  ref: mainBranch,
  run_attempt: '1',
  jti: randomUUID(),
  iat: seconds(),
  nbf: seconds() - 5,
  exp: seconds() + 300,
  ...more,
});

/** A central with an issuer that the service `deploy` trusts. */
export class ExchangeScene {
  readonly db: TestDatabase;
  readonly central: TestCentral;
  readonly github: TestIssuer;
  #callers = 0;

  private constructor(db: TestDatabase, central: TestCentral, github: TestIssuer) {
    this.db = db;
    this.central = central;
    this.github = github;
  }

  static async start(): Promise<ExchangeScene> {
    const db = await testDatabase();
    const central = await TestCentral.start(db.url, { flags: { trustProxy: 'true' } });
    const github = await TestIssuer.start();
    await central.apply(service('deploy', [rule(github)]));
    return new ExchangeScene(db, central, github);
  }

  /** Failures are counted by address: each call comes from another one. */
  elsewhere(): string {
    this.#callers++;
    return `10.9.${(this.#callers >> 8) & 255}.${this.#callers & 255}`;
  }

  exchange(token: unknown, name = 'deploy', from = this.elsewhere()): Promise<Reply> {
    return this.central.call('POST', '/auth/exchange', {
      token: '',
      headers: { 'x-forwarded-for': from },
      body: { service: name, token },
    });
  }

  /** A token of the issuer for the pipeline that `deploy` is. */
  job(more: Claims = {}): Promise<string> {
    return this.github.sign(jobOf(this.github, more));
  }

  /** What the trail says of a call from an address. */
  toldOf(from: string): Promise<RefusedEvent> {
    return eventually(async () => {
      const { body } = await this.central.get('/audit/events?type=exchange.refused&limit=500');
      const events = body.items as RefusedEvent[];
      const found = events.find(({ details }) => details['address'] === from);
      if (found === undefined) throw new Error(`nothing is told of ${from}`);
      return found;
    });
  }

  async stop(): Promise<void> {
    await this.github.stop();
    await this.central.stop();
    await this.db.close();
  }
}
