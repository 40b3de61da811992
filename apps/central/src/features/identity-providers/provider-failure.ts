import * as oidc from 'openid-client';
import { connectionFailure, printable } from '@ambit/kernel';
import { OutsideError } from '../../platform/fetch-outside.ts';

/** What went wrong between us and a provider; metrics count by it. */
export type ProviderReason =
  /** It does not answer. */
  | 'unreachable'
  /** It shows a certificate by none of the CAs that are trusted for it. */
  | 'untrusted'
  /** What it says of itself is not what was set up here. */
  | 'discovery'
  /** Its secret is not where it should be. */
  | 'secret'
  /** It says no to us: another secret, another redirect URI. */
  | 'refused'
  /** Its answer comes from another provider. */
  | 'mixed_up'
  /** Its token is not one that lets anybody in. */
  | 'token'
  /** It gives no claims beside the token. */
  | 'userinfo'
  /** It gives no groups beside the token. */
  | 'groups';

/**
 * A provider does not do what it should. The message is for who runs central and the provider: it holds no token, no code and
 * no secret.
 */
export class ProviderFailure extends Error {
  override readonly name = 'ProviderFailure';
  readonly reason: ProviderReason;

  /** Without a cause: those of the library hold tokens and claims, which no log may. */
  constructor(reason: ProviderReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** The person did not sign in there: nothing failed. */
export class NotSignedIn extends Error {
  override readonly name = 'NotSignedIn';
}

/** Why the provider gave no token, from what the library throws. */
export function grantFailure(error: unknown): Error {
  if (error instanceof oidc.AuthorizationResponseError) return authorizationFailure(error);
  if (error instanceof oidc.ResponseBodyError)
    return new ProviderFailure('refused', saidNo('token endpoint', error));
  const outside = outsideErrorOf(error);
  if (outside !== undefined) return notReached(outside);
  const { code = '' } = error as { code?: string };
  const said = innerMessage(error);
  if (/"iss" .*response parameter/.test(said))
    return new ProviderFailure('mixed_up', 'its answer names another issuer ("iss")');
  return new ProviderFailure('token', `its ID token is not good: ${tokenWords(code, error)}`);
}

export function discoveryFailure(error: unknown): ProviderFailure {
  const outside = outsideErrorOf(error);
  if (outside !== undefined) return notReached(outside);
  return new ProviderFailure(
    'discovery',
    `its discovery document is no good: ${innerMessage(error)}`,
  );
}

export function userinfoFailure(error: unknown): ProviderFailure {
  const outside = outsideErrorOf(error);
  if (outside !== undefined && isUntrusted(outside)) return notReached(outside);
  const said = outside?.message ?? innerMessage(error);
  return new ProviderFailure('userinfo', `its userinfo cannot be had: ${said}`);
}

const isUntrusted = ({ cause }: OutsideError): boolean => connectionFailure(cause).untrusted;

function notReached(outside: OutsideError): ProviderFailure {
  const { message } = outside;
  if (!isUntrusted(outside)) return new ProviderFailure('unreachable', message);
  return new ProviderFailure(
    'untrusted',
    `${message}: set caData of this IdentityProvider to the CA that signed it, in base64 of PEM`,
  );
}

/** What it says in `error` is a word of the standard; more of it may be anything. */
function authorizationFailure(error: oidc.AuthorizationResponseError): Error {
  if (error.error === 'access_denied')
    return new NotSignedIn('You did not sign in there, or may not use Ambit there.');
  const said = printable(error.error.slice(0, 60));
  return new ProviderFailure('refused', `it answers "${said}" to the browser`);
}

function saidNo(where: string, { error, status }: oidc.ResponseBodyError): string {
  return `its ${where} answers ${status} "${printable(error.slice(0, 60))}"`;
}

/** Claims by name, as the library names them; never what they hold. */
function tokenWords(code: string, error: unknown): string {
  const { claim } = (causeOf(error) ?? {}) as { claim?: unknown };
  if (typeof claim === 'string') {
    const how = code.includes('TIMESTAMP')
      ? 'is past, or not yet good'
      : 'is not what was expected';
    return `"${printable(claim.slice(0, 30))}" ${how}`;
  }
  return innerMessage(error);
}

function outsideErrorOf(error: unknown): OutsideError | undefined {
  for (let at: unknown = error, deep = 0; at instanceof Error && deep < 5; at = at.cause, deep++)
    if (at instanceof OutsideError) return at;
  return undefined;
}

const causeOf = (error: unknown): unknown => {
  const { cause } = error as { cause?: unknown };
  const inner = cause instanceof Error ? cause.cause : undefined;
  return inner ?? cause;
};

/** The library wraps what it found out in a general sentence. */
function innerMessage(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  const said = cause instanceof Error ? cause : error;
  return printable((said instanceof Error ? said.message : String(said)).slice(0, 200));
}
