import { describe, expect, test } from '@jest/globals';
import { apiDefinition, serviceNamed } from './api-services.ts';
import { partsWithin } from './message-parts.ts';

const definition = apiDefinition();
const methodOf = (path: string) => {
  const [service = '', name = ''] = path.split('/');
  const method = serviceNamed(definition, service)[name];
  if (method === undefined) throw new Error(`there is no ${path}`);
  return method;
};
const many = <T>(length: number, item: T): T[] => Array.from({ length }, () => item);

/** How many parts the message has: the least that it is within. */
function partsOf(path: string, bytes: Uint8Array): number {
  let most = 0;
  while (!partsWithin(definition, methodOf(path), most)(bytes)) most++;
  return most;
}

describe('the parts of a message', () => {
  const question = { user: 'ada', target: { cluster: 'c', verb: 'get', resource: 'pods' } };
  const page = {
    users: many(3, { externalId: 'a', emails: many(5, 'x') }),
    groups: many(2, { externalId: 'g', members: many(7, 'a') }),
    joining: [{ group: 'g', users: ['a'] }],
    leaving: many(4, {}),
    removedUsers: many(9, 'x'),
  };
  test.each<[string, object, number]>([
    ['AccessService/CheckAccessMany', { questions: many(5, question), brief: true }, 10],
    ['AccessService/CheckAccessMany', { questions: many(5, {}) }, 5],
    ['AccessService/WhoCan', { target: question.target, pageSize: 500, pageToken: 'x' }, 1],
    ['PolicyService/ApplyPolicy', { documents: many(6, ''), confirmRemovals: 'x' }, 6],
    ['DirectoryService/SyncDirectory', { begin: { mode: 'SYNC_MODE_FULL', dryRun: true } }, 1],
    ['DirectoryService/SyncDirectory', { page }, 1 + 3 + 2 + 1 + 4],
    ['DirectoryService/SyncDirectory', { commit: { sent: { users: 300, groups: 1 } } }, 2],
  ])('of %s are the messages and listed texts in it', (path, message, parts) => {
    expect(partsOf(path, methodOf(path).requestSerialize(message))).toBe(parts);
  });

  test.each<[string, number[], number]>([
    ['fields that are unknown', [0x52, 0x01, 0x0a, 0x0a, 0x00], 1],
    // The decoder makes a message of a field by its number, whatever its wire type says.
    ['fields of another wire type', many(4, [0x08, 0x00]).flat(), 4],
    ['lengths that are longer than needed', [0x0a, 0x80, 0x80, 0x00, 0x0a, 0x00], 2],
  ])('are those of the decoder with %s', (_, bytes, parts) => {
    const method = methodOf('AccessService/CheckAccessMany');
    const decoded = method.requestDeserialize(Buffer.from(bytes)) as { questions: unknown[] };
    expect(decoded.questions).toHaveLength(parts);
    expect(partsOf('AccessService/CheckAccessMany', Buffer.from(bytes))).toBe(parts);
  });

  test('are none of a message that is cut', () => {
    const within = partsWithin(definition, methodOf('AccessService/CheckAccessMany'), 10);
    expect(() => within(Buffer.from([0x0a, 0x05, 0x00]))).toThrow(RangeError);
  });
});
