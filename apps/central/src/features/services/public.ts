/** What the program may use of service identities. */
export { ExchangeToken } from './exchange-token.ts';
export { OutsideKeys } from './outside-keys.ts';
export { RefusedExchanges } from './refused-exchanges.ts';
export { serviceIdentityKind } from './service-kind.ts';
export { ServiceTokens } from './service-tokens.ts';
export { ServicesModule } from './services.module.ts';
export { warnOfTokenEnds } from './warn-of-ends.ts';
