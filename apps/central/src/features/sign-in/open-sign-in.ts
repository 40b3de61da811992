import type { IncomingMessage, ServerResponse } from 'node:http';
import { SignInRecordStore } from '@ambit/persistence';
import type { ClientAddress } from '../../platform/client-address.ts';
import type { Runtime } from '../../platform/runtime.ts';
import { openProviderSignIn } from '../identity-providers/public.ts';
import type { ProviderSignInParts } from '../identity-providers/public.ts';
import { Approvals } from './approvals.ts';
import { Attempts } from './attempts.ts';
import { Browsers } from './browsers.ts';
import { LocalSignIn } from './local-sign-in.ts';
import { oauthHandler } from './oauth-edge.ts';
import { createProvider } from './oauth-provider.ts';
import { ProviderPages } from './provider-pages.ts';
import { beginningsPerMinute, requestBudget } from './request-budget.ts';
import { SetUp } from './set-up.ts';
import { pageHandler } from './sign-in-edge.ts';
import { SignInPages } from './sign-in-pages.ts';
import { SignInSecrets } from './sign-in-secrets.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export interface SignInHandlers {
  readonly oauth: Handler;
  readonly pages: Handler;
}

export interface SignInSurroundings {
  /** The key of sign-in. */
  readonly key: string;
  readonly publicUrl: string;
  readonly addressOf: ClientAddress;
  /** What sign-in at providers needs beside. */
  readonly providers: Pick<ProviderSignInParts, 'admission' | 'failed'>;
}

/** Sign-in of people, as it is reached at the public URL: the OAuth server for programs and the pages for people. */
export function openSignIn(
  runtime: Runtime,
  { key, publicUrl, addressOf, providers }: SignInSurroundings,
): SignInHandlers {
  const { database, unitOfWork, clock, logger, meters } = runtime;
  const sql = database;
  const secrets = new SignInSecrets(key);
  const records = new SignInRecordStore(sql);
  const ports = { sql, unitOfWork, clock, secrets, records, meters };
  const provider = createProvider({
    ...ports,
    publicUrl,
    addressOf,
    endSession: async (id, because) => endSession(unitOfWork, id, because),
  });
  provider.on('server_error', (_ctx, error) => logger.error('the OAuth server failed', { error }));
  const browsers = new Browsers({ records, sql, secure: publicUrl.startsWith('https:') });
  const signIn = openProviderSignIn(runtime, {
    ...providers,
    publicUrl,
    proofsOf: (state) => secrets.proofsOf(state),
  });
  const mayBegin = requestBudget(beginningsPerMinute);
  const pages = new SignInPages({
    secrets,
    browsers,
    providers: new ProviderPages({ signIn, browsers, mayBegin }),
    attempts: new Attempts(sql, clock),
    local: new LocalSignIn(ports),
    setUp: new SetUp(ports),
    approvals: new Approvals(provider, ports),
  });
  return {
    oauth: oauthHandler(provider, publicUrl, addressOf),
    pages: pageHandler(pages, addressOf, logger),
  };
}

/** Ended already is ended. */
async function endSession(
  unitOfWork: Runtime['unitOfWork'],
  id: string,
  because: string,
): Promise<void> {
  await unitOfWork.run({ actor: { kind: 'system', name: 'system/sign-in' } }, async (tx) => {
    const { principal } = await tx.sessions.end(id, because);
    tx.audit.record({
      type: 'session.ended',
      message: `The session of user/${principal.name} was ended: ${because}`,
      object: { kind: principal.kind, name: principal.name, uid: principal.uid },
      details: { session: id },
    });
  });
}
