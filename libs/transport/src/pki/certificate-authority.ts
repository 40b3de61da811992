import {
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  X509Certificate,
  type webcrypto,
} from 'node:crypto';
import { isIP } from 'node:net';
import type * as X509 from '@peculiar/x509';
import { AppError, hex, type Millis } from '@ambit/kernel';
import {
  centralName,
  certificateFingerprint,
  certificateLifetimes,
  extendedKeyUsage,
  publicKeyPin,
} from './certificate-facts.ts';
import { signEnrolment, type EnrolmentFacts } from './enrolment-proof.ts';

export interface CaFiles {
  readonly certificatePem: string;
  /** PKCS #8. */
  readonly privateKeyPem: string;
}

/** What central's TLS listener needs. */
export interface ServerIdentity {
  /** Leaf and CA, so that an agent at first contact can check the CA against its pin. */
  readonly certificateChainPem: string;
  readonly privateKeyPem: string;
  readonly notAfter: Millis;
}

export interface AgentCertificateRequest {
  readonly csr: Uint8Array;
  readonly installationUid: string;
  readonly clusterUid: string;
  readonly agentUid: string;
  readonly now: Millis;
  /** Milliseconds; 24 hours when absent. */
  readonly validForMs?: Millis;
}

export interface AgentCertificate {
  /** DER. */
  readonly certificate: Uint8Array;
  readonly fingerprint: string;
  /** Lower-case hexadecimal. */
  readonly serial: string;
  readonly notBefore: Millis;
  readonly notAfter: Millis;
}

export interface CertificateAuthority {
  readonly certificatePem: string;
  /** DER. */
  readonly certificate: Uint8Array;
  /** Hash of the public key, which join tokens carry. */
  readonly pin: string;
  /** A fresh key and certificate for `central.ambit.internal`, or another `own` name, and these names or addresses. */
  issueServer(names: readonly string[], now: Millis, own?: string): Promise<ServerIdentity>;
  /** Takes only the public key from the request. Throws `invalid_request` when it is not a sound P-256 request. */
  issueAgent(request: AgentCertificateRequest): Promise<AgentCertificate>;
  /** Vouches for what an agent learns when it joins. */
  signEnrolment(facts: EnrolmentFacts): Buffer;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signing = { name: 'ECDSA', hash: 'SHA-256' } as const;
const longestRequestBytes = 4096;

// Loaded when first needed: agents import this library too, and the X.509 library costs megabytes.
async function loadX509(): Promise<typeof X509> {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  x509.cryptoProvider.set(globalThis.crypto);
  return x509;
}

function newKeyPair(): { readonly pem: string; readonly keys: webcrypto.CryptoKeyPair } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    keys: {
      privateKey: privateKey.toCryptoKey(algorithm, false, ['sign']),
      publicKey: publicKey.toCryptoKey(algorithm, true, ['verify']),
    },
  };
}

function newSerial(): string {
  const bytes = randomBytes(16);
  // A serial number is a positive integer (RFC 5280, 4.1.2.2).
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return hex(bytes);
}

/** A new self-signed CA with a P-256 key, for ten years. */
export async function createCa(options: {
  readonly name: string;
  readonly now: Millis;
}): Promise<CaFiles> {
  const x509 = await loadX509();
  const { pem, keys } = newKeyPair();
  const usage = x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: [{ CN: [options.name] }],
    notBefore: new Date(options.now - certificateLifetimes.backdate),
    notAfter: new Date(options.now + certificateLifetimes.ca),
    keys,
    signingAlgorithm: signing,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(usage, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificatePem: `${certificate.toString('pem')}\n`, privateKeyPem: pem };
}

/** Throws `config_invalid` when the files are no P-256 CA or do not belong together. */
export async function loadCa(files: CaFiles): Promise<CertificateAuthority> {
  const facts = checkedCa(files);
  const x509 = await loadX509();
  const issuer = new x509.X509Certificate(facts.raw);
  const privateKey = createPrivateKey(files.privateKeyPem);
  const signingKey = privateKey.toCryptoKey(algorithm, false, ['sign']);
  const issue = async (leaf: LeafParameters): Promise<X509.X509Certificate> =>
    x509.X509CertificateGenerator.create({
      ...leaf,
      issuer: issuer.subjectName,
      signingKey,
      signingAlgorithm: signing,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
        ...leaf.extensions,
      ],
    });
  return {
    certificatePem: files.certificatePem,
    certificate: facts.raw,
    pin: publicKeyPin(facts),
    issueServer: (names, now, own = centralName) =>
      issueServer({ x509, issue, files, names, now, own }),
    issueAgent: (request) => issueAgent(x509, issue, request),
    signEnrolment: (facts) => signEnrolment(privateKey, facts),
  };
}

interface LeafParameters {
  readonly serialNumber: string;
  readonly subject: X509.JsonName;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: X509.PublicKeyType;
  readonly extensions: X509.Extension[];
}

type Issue = (leaf: LeafParameters) => Promise<X509.X509Certificate>;

function checkedCa(files: CaFiles): X509Certificate {
  const fail = (why: string, cause?: unknown): AppError =>
    new AppError('config_invalid', `The CA cannot be used: ${why}.`, { cause });
  let certificate: X509Certificate;
  let matches: boolean;
  try {
    certificate = new X509Certificate(files.certificatePem);
    matches = certificate.checkPrivateKey(createPrivateKey(files.privateKeyPem));
  } catch (cause) {
    throw fail('its certificate or key is not PEM', cause);
  }
  if (!certificate.ca) throw fail('the certificate is not one of a CA');
  if (certificate.publicKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw fail('its key is not P-256');
  }
  if (!matches) throw fail('the key does not belong to the certificate');
  return certificate;
}

async function issueServer(order: {
  readonly x509: typeof X509;
  readonly issue: Issue;
  readonly files: CaFiles;
  readonly names: readonly string[];
  readonly now: Millis;
  readonly own: string;
}): Promise<ServerIdentity> {
  const { x509, now, own } = order;
  const { pem, keys } = newKeyPair();
  const names = [...new Set([own, ...order.names])];
  // The whole life, its beginning in the past included: a stolen key is worth no more than that.
  const notAfter = now - certificateLifetimes.backdate + certificateLifetimes.server;
  const certificate = await order.issue({
    serialNumber: newSerial(),
    subject: [{ CN: [own] }],
    notBefore: new Date(now - certificateLifetimes.backdate),
    notAfter: new Date(notAfter),
    publicKey: keys.publicKey,
    extensions: [
      new x509.ExtendedKeyUsageExtension([extendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })),
      ),
    ],
  });
  const certificateChainPem = `${certificate.toString('pem')}\n${order.files.certificatePem}`;
  return { certificateChainPem, privateKeyPem: pem, notAfter };
}

async function issueAgent(
  x509: typeof X509,
  issue: Issue,
  request: AgentCertificateRequest,
): Promise<AgentCertificate> {
  const publicKey = await publicKeyOfRequest(x509, request.csr);
  const serial = newSerial();
  // Certificates carry whole seconds.
  const notBefore = Math.floor((request.now - certificateLifetimes.backdate) / 1000) * 1000;
  const lifetime = request.validForMs ?? certificateLifetimes.agent;
  const notAfter = Math.floor((request.now + lifetime) / 1000) * 1000;
  const certificate = await issue({
    serialNumber: serial,
    subject: [
      { O: [request.installationUid] },
      { OU: [request.clusterUid] },
      { CN: [request.agentUid] },
    ],
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
    publicKey,
    extensions: [new x509.ExtendedKeyUsageExtension([extendedKeyUsage.clientAuth])],
  });
  const bytes = new Uint8Array(certificate.rawData);
  const fingerprint = certificateFingerprint(bytes);
  return { certificate: bytes, fingerprint, serial, notBefore, notAfter };
}

async function publicKeyOfRequest(x509: typeof X509, csr: Uint8Array): Promise<X509.PublicKeyType> {
  const fail = (why: string, cause?: unknown): AppError =>
    new AppError('invalid_request', `The certificate request was refused: ${why}.`, { cause });
  if (csr.length > longestRequestBytes) throw fail('it is too large');
  let request: X509.Pkcs10CertificateRequest;
  let sound: boolean;
  try {
    request = new x509.Pkcs10CertificateRequest(Uint8Array.from(csr));
    sound = await request.verify();
  } catch (cause) {
    throw fail('it is not PKCS #10', cause);
  }
  const { namedCurve } = request.publicKey.algorithm as Partial<webcrypto.EcKeyAlgorithm>;
  if (namedCurve !== algorithm.namedCurve) throw fail('its key is not P-256');
  if (!sound) throw fail('it is not signed by its own key');
  // What stands behind a request could be another one that somebody else signed for.
  if (wholeLength(csr) !== csr.length) throw fail('something stands behind it');
  return request.publicKey;
}

/** How long the DER value that begins here says it is, its head included. */
function wholeLength(der: Uint8Array): number {
  const first = der[1] ?? 0;
  if (first < 0x80) return 2 + first;
  const digits = der.subarray(2, 2 + (first & 0x7f));
  return 2 + digits.length + digits.reduce((length, digit) => length * 256 + digit, 0);
}
