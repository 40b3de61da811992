import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  X509Certificate,
} from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  createCertificateRequest,
  generateAgentKey,
  signRenewal,
  verifyRenewal,
} from './agent-key.ts';
import {
  createCa,
  loadCa,
  type AgentCertificate,
  type CaFiles,
  type CertificateAuthority,
} from './certificate-authority.ts';
import {
  centralName,
  certificateFingerprint,
  certificatesToPem,
  certificateValidity,
  isIssuedBy,
  publicKeyPin,
} from './certificate-facts.ts';

const now = Date.parse('2026-11-23T10:00:00.500Z');
const hour = 60 * 60 * 1000;
const p256 = { name: 'ECDSA', namedCurve: 'P-256' };
let files: CaFiles;
let ca: CertificateAuthority;

beforeAll(async () => {
  files = await createCa({ name: 'Ambit', now });
  ca = await loadCa(files);
});

const issue = (csr: Uint8Array): Promise<AgentCertificate> =>
  ca.issueAgent({
    csr,
    installationUid: 'installation-1',
    clusterUid: 'cluster-1',
    agentUid: 'agent-1',
    now,
  });

/** A request as somebody else's software would make it, with wishes of its own. */
async function wishfulRequest(): Promise<Buffer> {
  const x509 = await import('@peculiar/x509');
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: 'CN=system:masters,O=system:masters,OU=cluster-2',
    keys: {
      privateKey: privateKey.toCryptoKey(p256, false, ['sign']),
      publicKey: publicKey.toCryptoKey(p256, true, ['verify']),
    },
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions: [
      new x509.BasicConstraintsExtension(true, 3, true),
      new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1']),
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: centralName }]),
    ],
  });
  return Buffer.from(request.rawData);
}

describe('a CA', () => {
  test('is a P-256 CA that signs leaves and nothing below them', () => {
    const certificate = new X509Certificate(files.certificatePem);
    expect(certificate.ca).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(ca.pin).toBe(publicKeyPin(files.certificatePem));
    expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
  });

  test('is refused when its files are not one, or not of one', async () => {
    const other = await createCa({ name: 'Ambit', now });
    const server = await ca.issueServer([], now);
    const leaf = {
      certificatePem: server.certificateChainPem,
      privateKeyPem: server.privateKeyPem,
    };
    const refused = expect.objectContaining({ code: 'config_invalid' });
    await expect(loadCa({ ...files, privateKeyPem: other.privateKeyPem })).rejects.toEqual(refused);
    await expect(loadCa({ ...files, certificatePem: 'none' })).rejects.toEqual(refused);
    await expect(loadCa(leaf)).rejects.toEqual(refused);
  });

  test("gives central's listener its own name, the names it is told, and the CA behind it", async () => {
    const { certificateChainPem } = await ca.issueServer(['central.example.org', '10.0.0.7'], now);
    const leaf = new X509Certificate(certificateChainPem);
    expect(leaf.checkHost(centralName)).toBe(centralName);
    expect(leaf.checkHost('central.example.org')).toBe('central.example.org');
    expect(leaf.checkIP('10.0.0.7')).toBe('10.0.0.7');
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(leaf.ca).toBe(false);
    expect(Date.parse(leaf.validTo) - Date.parse(leaf.validFrom)).toBeLessThanOrEqual(24 * hour);
    expect(certificateChainPem).toContain(files.certificatePem.trim());
  });
});

describe("an agent's certificate", () => {
  test('holds the key of the request for 24 hours, back-dated by five minutes', async () => {
    const key = generateAgentKey();
    const issued = await issue(createCertificateRequest(key));
    const certificate = new X509Certificate(issued.certificate);
    expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(certificate.verify(new X509Certificate(files.certificatePem).publicKey)).toBe(true);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(issued.notAfter - now).toBeGreaterThan(24 * hour - 1_000);
    expect(issued.notAfter - now).toBeLessThanOrEqual(24 * hour);
    expect(now - issued.notBefore).toBeLessThanOrEqual(5 * 60_000 + 1_000);
    expect(certificateValidity(issued.certificate)).toEqual({
      notBefore: issued.notBefore,
      notAfter: issued.notAfter,
    });
    expect(issued.fingerprint).toBe(certificateFingerprint(certificate.raw));
    expect(issued.serial).toBe(certificate.serialNumber.toLowerCase());
    expect(certificatesToPem([issued.certificate, ca.certificate]).match(/BEGIN/g)).toHaveLength(2);
  });

  test('is known by the CA that made it, and what is made up is not', async () => {
    const other = await loadCa(await createCa({ name: 'Ambit', now }));
    const csr = createCertificateRequest(generateAgentKey());
    const { certificate } = await issue(csr);
    const cas = [new Uint8Array(other.certificate), new Uint8Array(ca.certificate)];
    expect(isIssuedBy(certificate, cas)).toBe(true);
    expect(isIssuedBy(certificate, cas.slice(0, 1))).toBe(false);
    expect(isIssuedBy(certificate, [])).toBe(false);
    expect(isIssuedBy(new Uint8Array(600), cas)).toBe(false);
    const forged = Buffer.from(certificate);
    forged.writeUInt8(forged.readUInt8(forged.length - 1) ^ 1, forged.length - 1);
    expect(isIssuedBy(forged, cas)).toBe(false);
  });

  test('case b35: takes nothing from the request but its key', async () => {
    const { certificate } = await issue(await wishfulRequest());
    const x509 = new X509Certificate(certificate);
    expect(x509.subject.split('\n')).toEqual(['O=installation-1', 'OU=cluster-1', 'CN=agent-1']);
    expect(x509.ca).toBe(false);
    expect(x509.subjectAltName).toBeUndefined();
    expect(x509.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  });

  test('is refused for requests that are none, not self-signed, or of another kind of key', async () => {
    const request = createCertificateRequest(generateAgentKey());
    const forged = Buffer.from(request);
    forged.writeUInt8(forged.readUInt8(forged.length - 1) ^ 1, forged.length - 1);
    const otherKey = createCertificateRequest(generateAgentKey());
    const spliced = Buffer.from(request);
    const spki = (csr: Buffer): number => csr.indexOf(Buffer.from('03420004', 'hex'));
    otherKey.copy(spliced, spki(request), spki(otherKey), spki(otherKey) + 68);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const p384 = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const bad = [
      Buffer.alloc(0),
      Buffer.from('text'),
      request.subarray(0, 80),
      Buffer.alloc(5_000),
      forged,
      spliced,
      createCertificateRequest(p384),
      Buffer.concat([request, Buffer.from([0])]),
    ];
    for (const each of bad) {
      await expect(issue(each)).rejects.toMatchObject({ code: 'invalid_request' });
    }
    await issue(request);
  });

  test('is not given to a request behind which stands the one that somebody else signed for', async () => {
    const [mine, theirs] = [generateAgentKey(), generateAgentKey()].map(createCertificateRequest);
    const both = Buffer.concat([mine ?? Buffer.alloc(0), theirs ?? Buffer.alloc(0)]);
    await expect(issue(both)).rejects.toMatchObject({ code: 'invalid_request' });
  });

  test('is requested without an X.509 library, byte for byte as others read it', async () => {
    const x509 = await import('@peculiar/x509');
    const key = generateAgentKey();
    const request = new x509.Pkcs10CertificateRequest(createCertificateRequest(key));
    expect(await request.verify()).toBe(true);
    expect(request.subject).toBe('');
    const spki = createPublicKey(createPrivateKey(key)).export({ type: 'spki', format: 'der' });
    expect(Buffer.from(request.publicKey.rawData).equals(spki)).toBe(true);
  });
});

describe('the renewal of a certificate that ended', () => {
  test('case b43: needs the key of that very certificate, and fits one nonce and request only', async () => {
    const key = generateAgentKey();
    const { certificate } = await issue(createCertificateRequest(key));
    const other = await issue(createCertificateRequest(generateAgentKey()));
    const nonce = Buffer.from('nonce');
    const csr = createCertificateRequest(generateAgentKey());
    const proof = { certificate, nonce, csr, signature: signRenewal(key, nonce, csr) };
    expect(verifyRenewal(proof)).toBe(true);
    expect(verifyRenewal({ ...proof, certificate: other.certificate })).toBe(false);
    expect(verifyRenewal({ ...proof, nonce: Buffer.from('other') })).toBe(false);
    expect(verifyRenewal({ ...proof, csr: createCertificateRequest(key) })).toBe(false);
    expect(verifyRenewal({ ...proof, signature: new Uint8Array() })).toBe(false);
    expect(verifyRenewal({ ...proof, certificate: new Uint8Array([1]) })).toBe(false);
  });
});
