import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { AppError } from '@ambit/kernel';
import { centralName, extendedKeyUsage, publicKeyPin } from '../pki/certificate-facts.ts';
import { hostAndPort } from './host-and-port.ts';
import { notYetValid } from './not-yet-valid.ts';
import type { WayOut } from './way-through.ts';

function chainOf(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (next?.raw !== undefined && chain.length < 5) {
    const current: X509Certificate = new X509Certificate(next.raw);
    if (chain.at(-1)?.fingerprint256 === current.fingerprint256) break;
    chain.push(current);
    next = next.issuerCertificate;
  }
  return chain;
}

function distrust(address: string, why: string): AppError {
  return new AppError('server_unreachable', `${address} is not the central of this join token.`, {
    why,
    hint: 'Check the address; nothing was sent there. If central has a new CA, make a new join token.',
    nextCommand: 'ambit cluster join-token NAME',
  });
}

function isCentral(leaf: X509Certificate, ca: X509Certificate, now: number): boolean {
  const inTime = [leaf, ca].every(
    (each) => Date.parse(each.validFrom) <= now && now < Date.parse(each.validTo),
  );
  const purposes: readonly string[] = leaf.keyUsage ?? [];
  return (
    inTime &&
    ca.ca &&
    !leaf.ca &&
    leaf.checkIssued(ca) &&
    leaf.verify(ca.publicKey) &&
    leaf.checkHost(centralName) !== undefined &&
    purposes.includes(extendedKeyUsage.serverAuth)
  );
}

/**
 * First contact: fetches central's CA and gives its PEM, only when its public key has this hash and it vouches for
 * the peer under central's name. Nothing is sent. Throws `server_unreachable` when nobody answers within
 * `deadlineMs` or somebody else does.
 */
export async function fetchPinnedCa(options: {
  readonly address: string;
  readonly caPin: string;
  readonly deadlineMs: number;
  /** Which way central is reached; directly when absent. */
  readonly wayOut?: WayOut | undefined;
}): Promise<string> {
  const { address, caPin } = options;
  const through = await options.wayOut?.(hostAndPort(address))?.open();
  const chain = await fetchChain(address, options.deadlineMs, through);
  const [leaf] = chain;
  const ca = chain.find((each) => publicKeyPin(each) === caPin);
  if (ca === undefined || leaf === undefined) {
    throw distrust(
      address,
      'Its certificates are not by the CA whose fingerprint the token holds.',
    );
  }
  const begins = Math.max(Date.parse(leaf.validFrom), Date.parse(ca.validFrom));
  if (begins > Date.now()) throw notYetValid({ begins });
  if (!isCentral(leaf, ca, Date.now())) {
    throw distrust(address, `Its certificate is not valid for ${centralName}.`);
  }
  return ca.toString();
}

function fetchChain(
  address: string,
  deadlineMs: number,
  through: Socket | undefined,
): Promise<X509Certificate[]> {
  const { host, port } = hostAndPort(address);
  return new Promise((resolve, reject) => {
    // The chain is verified against the pin, which the platform's verification knows nothing of.
    const options = {
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3',
      ALPNProtocols: ['h2'],
    } as const;
    const where = through === undefined ? { host, port } : { socket: through };
    const socket = connect({ ...where, servername: centralName, ...options });
    const finish = (act: () => void): void => {
      clearTimeout(deadline);
      socket.destroy();
      act();
    };
    const deadline = setTimeout(() => {
      finish(() => reject(new AppError('server_unreachable', `${address} does not answer.`)));
    }, deadlineMs);
    socket.once('secureConnect', () => {
      const chain = chainOf(socket);
      finish(() => resolve(chain));
    });
    socket.once('error', (cause) => {
      const extras = {
        why: cause.message,
        hint: 'Check the address and that central runs.',
        cause,
      };
      const error = new AppError('server_unreachable', `${address} cannot be reached.`, extras);
      finish(() => reject(error));
    });
  });
}
