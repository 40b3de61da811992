/** What is asked of an API server's authoriser about something under `/api` or `/apis`. */
export interface ResourceAttributes {
  readonly type: 'resource';
  readonly verb: string;
  /** Empty for the core group. */
  readonly apiGroup: string;
  readonly resource: string;
  readonly subresource?: string;
  /** Absent or empty for what names no object (list, create). */
  readonly name?: string;
  /** Absent or empty for cluster-scoped requests and those over all namespaces. */
  readonly namespace?: string;
}

/** What is asked about any other path, such as `/healthz`. */
export interface UrlAttributes {
  readonly type: 'url';
  /** Lower-case HTTP method. */
  readonly verb: string;
  readonly path: string;
}

export type RequestAttributes = ResourceAttributes | UrlAttributes;
