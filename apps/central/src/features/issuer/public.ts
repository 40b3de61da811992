/** What other parts of central may use of the issuer. */
export { issuerDocuments } from './issuer-documents.ts';
export { IssuerKeys } from './issuer-keys.ts';
export { publishAheadMs } from './key-schedule.ts';
export { makeIssuerKey } from './make-issuer-key.ts';
export { makeFirstKey, replaceKeys, rotateByHand, rotateIssuerKeys } from './rotate-keys.ts';
export { webhookIssuer, WebhooksTold } from './tell-webhooks.ts';
export { TokenIssuer } from './token-issuer.ts';
