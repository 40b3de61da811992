#!/usr/bin/env node
// Written for any Node there is, so that an old one is told what is missing instead of failing on syntax.
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(
    `error: ambit needs Node 24 or newer; this is Node ${process.versions.node}\n` +
      '  next: install Node 24 from https://nodejs.org, or run `npx ambit` in the checkout\n',
  );
  process.exitCode = 1;
} else {
  // kubectl starts `ambit credential --server …` for every command: it is a program of its own.
  const [, , command, option] = process.argv;
  const plugin = command === 'credential' && option !== '--help' && option !== '-h';
  void import(plugin ? '../dist/bundle/credential.js' : '../dist/main.js').then(({ main }) =>
    main(),
  );
}
