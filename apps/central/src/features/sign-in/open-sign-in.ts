import type { IncomingMessage, ServerResponse } from 'node:http';
import { SignInRecordStore } from '@ambit/persistence';
import type { ClientAddress } from '../../platform/client-address.ts';
import type { Runtime } from '../../platform/runtime.ts';
import { Approvals } from './approvals.ts';
import { Attempts } from './attempts.ts';
import { Browsers } from './browsers.ts';
import { LocalSignIn } from './local-sign-in.ts';
import { oauthHandler } from './oauth-edge.ts';
import { createProvider } from './oauth-provider.ts';
import { SetUp } from './set-up.ts';
import { pageHandler } from './sign-in-edge.ts';
import { SignInPages } from './sign-in-pages.ts';
import { SignInSecrets } from './sign-in-secrets.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export interface SignInHandlers {
  readonly oauth: Handler;
  readonly pages: Handler;
}

/** Sign-in of people, as it is reached at the public URL: the OAuth server for programs and the pages for people. */
export function openSignIn(
  { database, unitOfWork, clock, logger }: Runtime,
  key: string,
  publicUrl: string,
  addressOf: ClientAddress,
): SignInHandlers {
  const sql = database;
  const secrets = new SignInSecrets(key);
  const records = new SignInRecordStore(sql);
  const ports = { sql, unitOfWork, clock, secrets, records };
  const provider = createProvider({
    ...ports,
    publicUrl,
    addressOf,
    endSession: async (id, because) => endSession(unitOfWork, id, because),
  });
  provider.on('server_error', (_ctx, error) => logger.error('the OAuth server failed', { error }));
  const pages = new SignInPages({
    secrets,
    browsers: new Browsers({ records, sql, secure: publicUrl.startsWith('https:') }),
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
