// Which titles the tests of a file have, read from its source: for pages that name a test, so that they cannot name one that is gone,
// or that never runs: one in a comment, one that is always skipped, one without a body. Skipping on a condition is running.
// Knows `test('…')` and its like; a title made of parts, `test(`refused: ${what}`)`, and one from a table, `test(what)`, count where
// the parts stand in the file as texts or keys. Does not run anything.

/** `…` in a title stands for a part that differs from row to row. */
export function hasTestTitle(source: string, title: string): boolean {
  const code = source.replaceAll(comment, '').replaceAll(idleCall, '');
  return titlesIn(code).some((made) => made.test(title, (part) => standsIn(code, part)));
}

type Title = { readonly test: (title: string, isPart: (part: string) => boolean) => boolean };

/** Lines and blocks; two slashes in an address, at the start of a text or at the end of a pattern are none. */
const comment = /^[ \t]*\/\*[\s\S]*?\*\/|(?<![:'"`\\/])\/\/.*$/gm;
const named = /'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`|([a-zA-Z]\w*)/.source;
const skipped = /\{[^{}]*\b(?:skip|todo):\s*(?:true\b|['"`])/.source;
const start = /(?<![\w.])(?:t\.)?test/.source;
const call = new RegExp(`${start}\\(\\s*(?:${named})\\s*,`, 'g');
const idleCall = new RegExp(
  `${start}(?:\\.(?:skip|todo)\\(\\s*(?:${named})|\\(\\s*(?:${named})\\s*(?:,?\\s*\\)|,\\s*${skipped}))`,
  'g',
);

function titlesIn(source: string): readonly Title[] {
  return [...source.matchAll(call)].map(([, single, double, template, variable]): Title => {
    if (variable !== undefined) return { test: (title, isPart) => isPart(title) };
    if (template !== undefined) return fromTemplate(template);
    return { test: (title) => title === unescaped(single ?? double ?? '') };
  });
}

/** `refused: ${what}` is every `refused: …` whose rest is a part. */
function fromTemplate(template: string): Title {
  const constant = template.split(/\$\{(?:[^{}]|\{[^{}]*\})*\}/).map((text) => literally(unescaped(text)));
  const pattern = new RegExp(`^${constant.join('(.+?)')}$`);
  return {
    test: (title, isPart) =>
      pattern
        .exec(title)
        ?.slice(1)
        .every((part) => part === '…' || isPart(part)) === true,
  };
}

/** As a text of its own, or as the key of an object. */
function standsIn(source: string, part: string): boolean {
  const text = literally(part);
  return new RegExp(`(['"\`])${text}\\1|(?:^|[{,])\\s*${text}:`, 'm').test(source);
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/g, '$1');
}

function literally(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
