import { plainKind } from '../policy/public.ts';

/** Pipelines and programs that come in with tokens of others. */
export const serviceIdentityKind = plainKind('ServiceIdentity');
