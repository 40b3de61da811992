// What the specs import from `@jest/globals`, when Jest is not there.
module.exports = globalThis.ambitTestGlobals;
