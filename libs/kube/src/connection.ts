/** What proves us to an API server and the API server to us. PEM texts. Never logged. */
export interface KubeIdentity {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string;
}

/** One API server and how to be somebody there. */
export interface KubeConnection {
  /** `https://HOST:PORT`, with a path when the API server is behind one. */
  readonly server: string;
  /** Name the server's certificate is checked against, when it is not the host of `server`. */
  readonly serverName?: string;
  /** Namespace of the context or of the pod. */
  readonly namespace?: string;
  /** The identity of now; read again as often as its source can change. Throws `AppError` `config_invalid`. */
  identity(): Promise<KubeIdentity>;
  /** After a 401: forgets what is cached, so that the next `identity` is fresh. */
  forget(): void;
}
