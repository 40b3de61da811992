export { GrantsModule } from './grants.module.ts';
export { sweepEndedGrants } from './sweep-ended-grants.ts';
