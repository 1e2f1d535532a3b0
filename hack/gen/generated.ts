// The list of every generated file in the repository. To generate another, add an entry: a path and what makes its text.
// A generator is a pure function of files already in the tree; formatting and writing are gen.ts's business.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cliReference } from '../../cli/src/reference.ts';
import { conditionsPage } from './conditions-page.ts';
import { crdPage } from './crd-page.ts';
import { crdTypes } from './crd-types.ts';
import { crdFiles, readCrd, type Crd } from './crd.ts';
import { environmentPage } from './environment-page.ts';
import { metricsPage } from './metrics-page.ts';
import { repliesPage } from './replies-page.ts';
import { standardsPage } from './standards-page.ts';

export type Generated = {
  /** Path below the repository's root. */
  readonly path: string;
  /** The text, not yet formatted; gen.ts runs prettier over it. */
  readonly make: () => string | Promise<string>;
};

/** Every generated file; `root` is the repository's root. */
export function generatedFiles(root: string): readonly Generated[] {
  return [
    ...crdFiles.flatMap((file) => filesOfKind(root, readCrd(root, file))),
    { path: 'docs/reference/conditions.md', make: conditionsPage },
    { path: 'docs/reference/environment.md', make: environmentPage },
    { path: 'docs/reference/metrics.md', make: metricsPage },
    { path: 'docs/reference/replies.md', make: repliesPage },
    { path: 'docs/reference/cli.md', make: cliReference },
    { path: 'docs/rfc.md', make: () => standardsPage(root) },
  ];
}

function filesOfKind(root: string, crd: Crd): readonly Generated[] {
  const name = crd.kind.toLowerCase();
  const smallest = () => readFileSync(join(root, `crds/samples/${name}-smallest.yaml`), 'utf8');
  return [
    { path: `contract/src/api/${kebab(crd.kind)}.ts`, make: () => crdTypes(crd) },
    { path: `docs/reference/${name}.md`, make: () => crdPage(crd, smallest()) },
  ];
}

function kebab(kind: string): string {
  return kind.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
}
