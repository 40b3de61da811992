import { randomUUID } from 'node:crypto';
import type { Millis } from '@ambit/kernel';
import type { Database } from './database.ts';
import { databaseError } from './database-error.ts';

/**
 * True when what a connection asked for stays with it: a pooler that gives connections away between transactions loses
 * what one listens for, the statements it prepared and the locks it holds, and says nothing. Throws database_unavailable.
 */
export async function keepsSessions(database: Database, withinMs: Millis): Promise<boolean> {
  const channel = `ambit_${randomUUID().replaceAll('-', '')}`;
  const { promise: heard, resolve: hear } = Promise.withResolvers<boolean>();
  const client = database.dedicatedClient();
  client.on('error', () => hear(false));
  client.on('notification', () => hear(true));
  try {
    await client.connect();
    await client.query(`LISTEN ${channel}`);
    // Nothing is asked on that connection from now on: a question could have the pooler bring the server that heard.
    await database.query('SELECT pg_notify($1, $2)', [channel, '']);
    const timer = setTimeout(() => hear(false), withinMs);
    const kept = await heard;
    clearTimeout(timer);
    return kept;
  } catch (error) {
    throw databaseError(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}
