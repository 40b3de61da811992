import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createAuthority } from '@ambit/dev-cluster';

/** By what people, browsers and API servers know central: an API server takes no issuer without TLS. */
export interface CentralTls {
  readonly certFile: string;
  readonly keyFile: string;
  /** Of the CA, PEM. */
  readonly ca: string;
  readonly caFile: string;
}

/** A certificate for central on loopback, and the CA that signed it, as an installation has them from its own PKI. */
export async function makeCentralTls(folder: string): Promise<CentralTls> {
  const authority = await createAuthority('Ambit demo');
  const { certPem, keyPem } = await authority.serving('central');
  const at = (name: string): string => join(folder, name);
  const tls = {
    certFile: at('central.crt'),
    keyFile: at('central.key'),
    ca: authority.certPem,
    caFile: at('ca.crt'),
  };
  await writeFile(tls.caFile, tls.ca);
  await writeFile(tls.certFile, certPem);
  await writeFile(tls.keyFile, keyPem, { mode: 0o600 });
  return tls;
}
