import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PolicyDocument } from '@ambit/contracts';
import { startProviderProcess, type DevProvider } from '@ambit/dev-provider';

/** Where the people of the demo have their accounts, under the name that it has in central. */
export interface CompanyProvider extends DevProvider {
  readonly name: string;
  /** What the button on the page of sign-in says. */
  readonly title: string;
}

const name = 'corp';
const domain = 'example.com';
const dialect = 'keycloak';
const accounts = ['ada', 'ben', 'cleo', 'dan', 'eva', 'finn'];

/** Starts an OpenID Connect server that speaks as Keycloak does, in a process that ends with this one. */
export async function startCompanyProvider(centralUrl: string): Promise<CompanyProvider> {
  const provider = await startProviderProcess({
    dialect,
    people: accounts.map((account) => ({
      name: account,
      email: `${account}@${domain}`,
      groups: [],
    })),
    redirectUris: [`${centralUrl}/sign-in/callback/${name}`],
  });
  return { ...provider, name, title: 'Example Corp' };
}

/** Puts the client's secret where central looks for it; gives the object by which central knows the provider. */
export async function offerToCentral(
  { issuer, clientId, clientSecret, title }: CompanyProvider,
  dataDir: string,
): Promise<PolicyDocument> {
  const secrets = join(dataDir, 'central', 'idp-secrets');
  await mkdir(secrets, { recursive: true, mode: 0o700 });
  await writeFile(join(secrets, name), `${clientSecret}\n`, { mode: 0o600 });
  return {
    apiVersion: 'ambit.dev/v1',
    kind: 'IdentityProvider',
    metadata: { name },
    spec: {
      preset: dialect,
      title,
      issuer,
      clientId,
      clientSecret: { file: name },
      domains: [domain],
      internal: true,
    },
  } as PolicyDocument;
}
