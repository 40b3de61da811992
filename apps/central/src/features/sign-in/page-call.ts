import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Browser } from './browsers.ts';
import type { Person } from './local-sign-in.ts';
import type { FormMark } from './views.ts';

/** One request for a page, read and within limits. */
export interface PageCall {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query: URLSearchParams;
  readonly form: URLSearchParams;
  readonly cookies: string | undefined;
  readonly address: string;
  readonly raw: readonly [IncomingMessage, ServerResponse];
}

export interface PageReply {
  readonly status: number;
  readonly page?: string;
  /** A path of ours. */
  readonly location?: string;
  readonly cookie?: string;
  readonly retryAfterSeconds?: number;
}

/** A request of a browser that is known from now on. */
export interface Visit extends PageCall, FormMark {
  readonly browser: Browser;
}

export type PersonsVisit = Visit & { readonly person: Person };
export type PageAnswer = (visit: Visit, path: string) => Promise<PageReply>;
export type PageRoute = readonly [method: string, path: RegExp, answer: PageAnswer];

/** Pages that somebody may go on to after signing in: nobody else chooses where people are sent. */
const onward = /^\/sign-in\/(device(\?user_code=[A-Za-z-]{1,20})?|request\/[A-Za-z0-9_-]{1,64})$/;

export const isOnward = (to: string): boolean => onward.test(to);

export function onwardOf(given: URLSearchParams): string | undefined {
  const to = given.get('to') ?? '';
  return isOnward(to) ? to : undefined;
}

export const shown = (page: string, status = 200): PageReply => ({ status, page });
export const redirect = (location: string): PageReply => ({ status: 303, location });
