import { isLoopback } from '@ambit/config';
import { openSignIn } from './features/sign-in/public.ts';
import type { SignInHandlers, SignInSurroundings } from './features/sign-in/public.ts';
import type { Foundation } from './foundation.ts';
import type { ClientAddress } from './platform/client-address.ts';
import { openSignInKey } from './platform/keys/sign-in-key.ts';
import type { RawHandler, RawMount } from './platform/raw-mount.ts';

/** Where people sign in, beside the API on its port. */
export interface SignInMounts {
  readonly mounts: Readonly<Record<string, RawMount>>;
  /** From now on they answer to whoever reaches them there. */
  open(publicUrl: string): void;
}

/** Throws what `openSignInKey` throws. */
export async function prepareSignIn(
  { runtime, keysFolder }: Foundation,
  addressOf: ClientAddress,
  providers: SignInSurroundings['providers'],
): Promise<SignInMounts> {
  const key = await openSignInKey(keysFolder, runtime.database);
  let handlers: SignInHandlers | undefined;
  const answerBy =
    (which: keyof SignInHandlers): RawHandler =>
    async (request, response) => {
      if (handlers !== undefined) return handlers[which](request, response);
      response.writeHead(503, { 'retry-after': '1' }).end();
    };
  return {
    mounts: {
      '/oauth2': { methods: ['GET', 'POST'], handle: answerBy('oauth') },
      '/sign-in': { methods: ['GET', 'POST'], handle: answerBy('pages') },
    },
    open: (publicUrl) => {
      const { settings, logger } = runtime;
      if (settings.publicUrl === undefined && !isLoopback(settings.listen.host))
        logger.warn('people cannot sign in from elsewhere: set publicUrl to where they reach this');
      handlers = openSignIn(runtime, { key, publicUrl, addressOf, providers });
    },
  };
}
