/**
 * The door `@ambit/client/exchange`: one HTTP call as the client makes it, with the same checks of URL and certificate and the
 * same errors, for a program that is started so often that it cannot wait for the schemas of all calls.
 */
export { exchange, openConnection, type HttpAnswer } from './http-exchange.ts';
export { refusal } from './refusal.ts';
export { checkServerUrl } from './server-url.ts';
