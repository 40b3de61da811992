export interface SseEvent {
  readonly event: string;
  readonly data: string;
  readonly id?: string;
}

/** More than any audit event takes; a longer line means that the peer does not speak SSE. */
const maxBuffered = 1024 * 1024;

/** Events of a `text/event-stream` (WHATWG HTML, section 9.2.6). A comment gives an event of type `comment`. */
export async function* parseSse(
  chunks: AsyncIterable<string>,
): AsyncGenerator<SseEvent, void, undefined> {
  let buffer = '';
  for await (const chunk of chunks) {
    buffer += chunk;
    const blocks = buffer.split(/\r?\n\r?\n/);
    buffer = blocks.pop() ?? '';
    if (buffer.length > maxBuffered) throw new RangeError('an event of more than 1 MiB');
    for (const block of blocks) {
      const event = parseBlock(block);
      if (event !== undefined) yield event;
    }
  }
}

function parseBlock(block: string): SseEvent | undefined {
  const lines = block.split(/\r?\n/).filter((line) => line !== '');
  const fields = lines.filter((line) => !line.startsWith(':')).map(parseField);
  const last = (name: string) => fields.findLast((field) => field.name === name)?.value;
  const data = fields.filter(({ name }) => name === 'data');
  if (data.length === 0) {
    return fields.length < lines.length ? { event: 'comment', data: '' } : undefined;
  }
  const id = last('id');
  return {
    event: last('event') ?? 'message',
    data: data.map(({ value }) => value).join('\n'),
    ...(id === undefined ? {} : { id }),
  };
}

function parseField(line: string): { readonly name: string; readonly value: string } {
  const colon = line.indexOf(':');
  if (colon < 0) return { name: line, value: '' };
  return { name: line.slice(0, colon), value: line.slice(colon + 1).replace(/^ /, '') };
}
