import { AppError } from '@ambit/kernel';

/** True for what OpenSSL says of a certificate that begins in the future. */
export function saysNotYetValid(text: string): boolean {
  return /not yet valid|CERT_NOT_YET_VALID/i.test(text);
}

/** `begins`: when the certificate does, where that is known: the clock there has passed it. */
export function notYetValid(facts: { readonly begins?: number; readonly cause?: Error }): AppError {
  const { begins, cause } = facts;
  const here = new Date().toISOString();
  const there = begins === undefined ? '' : `; it begins at ${new Date(begins).toISOString()}`;
  return new AppError(
    'server_unreachable',
    'The certificate of central is not valid yet by the clock of this machine.',
    {
      why: `here it is ${here}${there}`,
      hint: 'Set the clock of this machine: it is behind that of central.',
      ...(cause === undefined ? {} : { cause }),
    },
  );
}
