#!/usr/bin/env node
// Written for any Node there is, so that an old one is told what is missing instead of failing on syntax.
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(
    `error: ambit needs Node 24 or newer; this is Node ${process.versions.node}\n` +
      '  next: install Node 24 from https://nodejs.org, or run `npx ambit` in the checkout\n',
  );
  process.exitCode = 1;
} else if (process.argv[2] === 'credential' && !['-h', '--help'].includes(process.argv[3])) {
  // kubectl starts this for every command: a program of its own, which runs as it is loaded.
  void import('../dist/bundle/credential.js');
} else {
  void import('../dist/main.js').then(({ main }) => main());
}
