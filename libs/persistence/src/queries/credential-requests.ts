import type { Sql } from '../sql.ts';

/** Replicas tell each other on it what waits: `ask CLUSTER-UID`, `answered REQUEST-ID`. Hints, as those of the feed. */
export const credentialChannel = 'ambit_credentials';

/** What one replica asks of an agent whose stream is at another one. */
export interface PassedRequest {
  readonly id: string;
  /** Sealed. */
  readonly request: Uint8Array;
}

const tell = async (sql: Sql, hint: string): Promise<void> => {
  await sql.query('SELECT pg_notify($1, $2)', [credentialChannel, hint]);
};

/** Puts a request down for whichever replica has the stream of the cluster. */
export async function passRequest(
  sql: Sql,
  clusterUid: string,
  { id, request }: PassedRequest,
): Promise<void> {
  await sql.query(
    'INSERT INTO credential_requests (id, cluster_uid, request) VALUES ($1, $2, $3)',
    [id, clusterUid, Buffer.from(request)],
  );
  await tell(sql, `ask ${clusterUid}`);
}

/** Tells once more of a request that nobody took: the first hint may have been lost. True when somebody did. */
export async function remindOfRequest(sql: Sql, clusterUid: string, id: string): Promise<boolean> {
  const taken = await sql.query(
    'SELECT 1 FROM credential_requests WHERE id = $1 AND taken_at IS NOT NULL',
    [id],
  );
  if (taken.length > 0) return true;
  await tell(sql, `ask ${clusterUid}`);
  return false;
}

/** The requests of this cluster that nobody has taken. Each is given out once, whatever runs beside it. */
export async function takeRequests(
  sql: Sql,
  clusterUids: readonly string[],
): Promise<readonly (PassedRequest & { readonly clusterUid: string })[]> {
  return sql.query(
    `UPDATE credential_requests SET taken_at = now()
     WHERE cluster_uid = ANY($1::text[]) AND taken_at IS NULL AND created_at > now() - interval '1 minute'
     RETURNING id, cluster_uid AS "clusterUid", request`,
    [clusterUids],
  );
}

/** `answer`: sealed. */
export async function answerRequest(sql: Sql, id: string, answer: Uint8Array): Promise<void> {
  await sql.query('UPDATE credential_requests SET answer = $2 WHERE id = $1', [
    id,
    Buffer.from(answer),
  ]);
  await tell(sql, `answered ${id}`);
}

/** The answer, which is gone with that; undefined while there is none. */
export async function readAnswer(sql: Sql, id: string): Promise<Uint8Array | undefined> {
  const [row] = await sql.query<{ answer: Buffer }>(
    'DELETE FROM credential_requests WHERE id = $1 AND answer IS NOT NULL RETURNING answer',
    [id],
  );
  return row?.answer;
}

/** Nobody waits for it any more. */
export async function dropRequest(sql: Sql, id: string): Promise<void> {
  await sql.query('DELETE FROM credential_requests WHERE id = $1', [id]);
}

/** Clears away what nobody came back for. How many there were. */
export async function purgeRequests(sql: Sql): Promise<number> {
  const gone = await sql.query(
    `DELETE FROM credential_requests WHERE created_at < now() - interval '1 minute' RETURNING id`,
  );
  return gone.length;
}
