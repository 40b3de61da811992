import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';

/** The page where somebody says who they are; there is no password. */
export async function answerLogIn(
  provider: Provider,
  [request, response]: readonly [IncomingMessage, ServerResponse],
  subjectOf: (name: string) => string | undefined,
): Promise<void> {
  if (request.method !== 'POST') return show(response, 200, '');
  const name = new URLSearchParams(await bodyOf(request)).get('name') ?? '';
  const accountId = subjectOf(name);
  if (accountId === undefined) return show(response, 403, 'There is no such account.');
  await provider.interactionFinished(request, response, { login: { accountId, remember: false } });
}

function show(response: ServerResponse, status: number, wrong: string): void {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' });
  response.end(`<!doctype html>
<html lang="en">
  <head><meta charset="utf-8" /><title>Log in</title></head>
  <body>
    <main>
      <h1>Log in</h1>
      <p>${wrong}</p>
      <form method="post">
        <label for="name">Name</label>
        <input id="name" name="name" autocomplete="username" required autofocus />
        <button>Log in</button>
      </form>
    </main>
  </body>
</html>
`);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request as AsyncIterable<Buffer>) body += chunk.toString('utf8');
  return body;
}
