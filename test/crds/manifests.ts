// Reads the manifests the tests apply: YAML files with their documents, and the refused ones with what is expected of them.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseAllDocuments } from 'yaml';

export const root = join(import.meta.dirname, '../..');

export type Manifest = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
};

/** A file whose last document the API server refuses; the ones before it are accepted first. */
export type RefusedSample = {
  /** Without folder and ending. */
  readonly name: string;
  /** Part of the message; where a CEL rule refuses, its whole message. */
  readonly expect: string;
  /** Path of the field that is refused, such as `spec.routes[0].name`. */
  readonly at: string;
  readonly accepted: readonly Manifest[];
  readonly refused: Manifest;
};

/** Every YAML file below `folder`, as paths from the repository's root, sorted. */
export function yamlFiles(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.yaml'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .toSorted();
}

/** The documents of one file, `file` from the repository's root. */
export function readManifests(file: string): readonly Manifest[] {
  return parseAllDocuments(readFileSync(join(root, file), 'utf8')).map((document): Manifest => {
    if (document.errors[0] !== undefined) throw new Error(`${file}: not YAML`, { cause: document.errors[0] });
    return document.toJS();
  });
}

export function refusedSamples(): readonly RefusedSample[] {
  return yamlFiles('test/crds/refused').map((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const documents = readManifests(file);
    const refused = documents.at(-1);
    if (refused === undefined) throw new Error(`${file}: no document`);
    return {
      name: file.replace(/^.*\//, '').replace(/\.yaml$/, ''),
      expect: comment(file, text, 'expect'),
      at: comment(file, text, 'at'),
      accepted: documents.slice(0, -1),
      refused,
    };
  });
}

/** Where the API server serves objects like this one. */
export function collectionPath({ kind, metadata }: Manifest): string {
  return `/apis/relayfleet.io/v1alpha1/namespaces/${metadata.namespace}/${kind.toLowerCase()}s`;
}

function comment(file: string, text: string, name: string): string {
  const value = new RegExp(`^# ${name}: (.+)$`, 'm').exec(text)?.[1];
  if (value === undefined) throw new Error(`${file}: no comment "# ${name}: ..."`);
  return value;
}
