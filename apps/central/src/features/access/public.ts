export { AccessModule } from './access.module.ts';
export { accessUseCases } from './access-use-cases.ts';
export type { ClusterEvidence, Evidence } from './cluster-evidence.ts';
export type { AccessUseCases } from './access-use-cases.ts';
export { accessService } from './access-service.ts';
export { peopleMeant } from './unmanaged-ways.ts';
export type { NamedBy } from './unmanaged-ways.ts';
