// Text of one manifest file -> its YAML documents, each good or with a sentence that says what is wrong and on which line.
// YAML 1.2: a bare `no` or `on` is a string here. Knows nothing of kinds.
import { parseAllDocuments, type Document } from 'yaml';

export type ManifestDocument =
  | { readonly number: number; readonly ok: true; readonly value: unknown }
  | { readonly number: number; readonly ok: false; readonly problem: string };

/** The API server takes no object above 3 MB; a file may hold several. */
export const maxManifestBytes = 16 * 1024 * 1024;

export function parseManifest(text: string): readonly ManifestDocument[] {
  if (text.length > maxManifestBytes)
    return [{ number: 1, ok: false, problem: `is larger than ${maxManifestBytes >> 20} MiB; split the file` }];
  if (text.includes('\0'))
    return [{ number: 1, ok: false, problem: 'is not text; a manifest is YAML or JSON in UTF-8' }];
  return parseAllDocuments(text, { merge: true, prettyErrors: true, logLevel: 'silent' })
    .map((document, index) => read(document, index + 1))
    .filter((document) => !document.ok || document.value !== null);
}

function read(document: Document.Parsed, number: number): ManifestDocument {
  const error = document.errors[0];
  if (error) return { number, ok: false, problem: notYaml(error.message.split('\n')[0]?.replace(/:$/, '') ?? '') };
  try {
    return { number, ok: true, value: document.toJS({ maxAliasCount: 100 }) as unknown };
  } catch (cause) {
    return { number, ok: false, problem: notYaml(cause instanceof Error ? cause.message : String(cause)) };
  }
}

function notYaml(what: string): string {
  return `is not valid YAML: ${what}; mend it there, what this file last said well stays in force`;
}
