import 'reflect-metadata';
import { randomBytes, type webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  type Extension,
  Name,
  type X509Certificate,
} from '@peculiar/x509';
import type { ClusterIdentity } from '../dev-cluster.ts';

/** A certificate and its key as PEM texts. */
export interface KeyPair {
  readonly certPem: string;
  readonly keyPem: string;
}

/** A certificate authority that lives as long as its cluster. */
export interface Authority extends KeyPair {
  /** A certificate for servers on loopback, good as a client certificate too. */
  serving(commonName: string): Promise<KeyPair>;
  /** Kubernetes reads the user from the common name and the groups from the organisations. */
  client(identity: ClusterIdentity): Promise<KeyPair>;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 86_400_000;

/** Makes a certificate authority with its own P-256 key. */
export async function createAuthority(commonName: string): Promise<Authority> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const subject = subjectOf(commonName, []);
  const ca = await X509CertificateGenerator.create({
    ...validity(),
    subject,
    issuer: subject,
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const issue = (name: Name, extensions: Extension[]): Promise<KeyPair> =>
    leaf({ ca, caKey: keys.privateKey, issuer: subject, subject: name, extensions });
  const client = new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]);
  return {
    certPem: ca.toString('pem'),
    keyPem: await privatePem(keys.privateKey),
    serving: (name) =>
      issue(subjectOf(name, []), [
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
        new SubjectAlternativeNameExtension([
          { type: 'ip', value: '127.0.0.1' },
          { type: 'dns', value: 'localhost' },
          { type: 'dns', value: 'kubernetes.default.svc' },
        ]),
      ]),
    client: ({ user, groups = [] }) => issue(subjectOf(user, groups), [client]),
  };
}

// Given as bare strings, values with quotes would be read as syntax: `x, "root"` would become the user root.
function subjectOf(user: string, groups: readonly string[]): Name {
  return new Name([
    ...groups.map((group) => ({ O: [{ utf8String: group }] })),
    { CN: [{ utf8String: user }] },
  ]);
}

interface Leaf {
  readonly ca: X509Certificate;
  readonly caKey: webcrypto.CryptoKey;
  readonly issuer: Name;
  readonly subject: Name;
  readonly extensions: readonly Extension[];
}

async function leaf({ ca, caKey, issuer, subject, extensions }: Leaf): Promise<KeyPair> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.create({
    ...validity(),
    subject,
    issuer,
    publicKey: keys.publicKey,
    signingKey: caKey,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      await AuthorityKeyIdentifierExtension.create(ca),
      ...extensions,
    ],
  });
  return { certPem: certificate.toString('pem'), keyPem: await privatePem(keys.privateKey) };
}

function validity(): { serialNumber: string; notBefore: Date; notAfter: Date } {
  const now = Date.now();
  // A leading 01 keeps the number positive and without a zero byte in front (RFC 5280, 4.1.2.2).
  const serialNumber = `01${randomBytes(15).toString('hex')}`;
  return { serialNumber, notBefore: new Date(now - 300_000), notAfter: new Date(now + 30 * dayMs) };
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  const der = await crypto.subtle.exportKey('pkcs8', key);
  return `${PemConverter.encode(der, 'PRIVATE KEY')}\n`;
}
