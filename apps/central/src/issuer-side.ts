import { listIssuerKeys } from '@ambit/persistence';
import type { PolicyWorld } from './features/desired-state/public.ts';
import {
  issuerDocuments,
  IssuerKeys,
  makeFirstKey,
  TokenIssuer,
} from './features/issuer/public.ts';
import type { PublicDocument } from './platform/public-documents.ts';
import { PublicUrl } from './platform/public-url.ts';
import type { Runtime } from './platform/runtime.ts';
import type { Trust } from './trust.ts';

/** What signs the credentials of clusters, and where it is found. */
export interface IssuerSide {
  readonly issuer: TokenIssuer;
  readonly publicUrl: PublicUrl;
  /** What API servers ask it for. */
  readonly documents: readonly PublicDocument[];
}

/** Opens the issuer, with its first key if it has none. Throws `config_invalid` when its keys do not open. */
export async function openIssuerSide(
  runtime: Runtime,
  { issuerSeal: seal }: Pick<Trust, 'issuerSeal'>,
  world: PolicyWorld,
): Promise<IssuerSide> {
  const { database, unitOfWork, clock, logger, settings } = runtime;
  if ((await listIssuerKeys(database)).length === 0) {
    await makeFirstKey({ unitOfWork, seal, clock });
  }
  const sql = database.prepared;
  const keys = await IssuerKeys.open({ sql, seal, clock, logger, commits: world });
  const publicUrl = new PublicUrl(settings.publicUrl);
  const issuer = new TokenIssuer(keys, () => publicUrl.get());
  return { issuer, publicUrl, documents: issuerDocuments(issuer) };
}
